// Signs requests with the official Node SDK (npm cos-nodejs-sdk-v5), its clock fixed.
//
// Reads a JSON object a line: method, key, params, headers. Writes one a line: authorization, url. The URL is that of
// the callback form; the one that the SDK returns at once is not encoded as COS wants it.
const [START, END, SECRET_ID, SECRET_KEY, Bucket, Region] = process.argv.slice(2);
Date.now = () => (Number(START) + 1) * 1000; // the SDK starts its windows a second early

const COS = require('cos-nodejs-sdk-v5');
const cos = new COS({ SecretId: SECRET_ID, SecretKey: SECRET_KEY });
const lines = require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean);

async function main() {
  for (const line of lines) {
    const { method, key, params, headers } = JSON.parse(line);
    const request = { Method: method, Key: key, Bucket, Region, Headers: headers, Query: params, Expires: END - START };
    const authorization = cos.getAuth(request);
    const url = await new Promise((done, failed) => {
      cos.getObjectUrl(request, (error, answer) => (error ? failed(error) : done(answer.Url)));
    });
    console.log(JSON.stringify({ authorization, url }));
  }
}

main();

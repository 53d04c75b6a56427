"""Signs requests with the official Python SDK (PyPI cos-python-sdk-v5), its clock fixed.

Reads a JSON object a line: method, key, params, headers. Writes one a line: authorization, url.
"""
import json
import sys
import time

START, END, SECRET_ID, SECRET_KEY, BUCKET, REGION = sys.argv[1:]
time.time = lambda: float(START) + 60  # the SDK starts its windows a minute early

from qcloud_cos import CosConfig, CosS3Client  # noqa: E402

client = CosS3Client(CosConfig(Region=REGION, SecretId=SECRET_ID, SecretKey=SECRET_KEY))
for line in sys.stdin:
    request = json.loads(line)
    arguments = dict(
        Method=request["method"],
        Bucket=BUCKET,
        Key=request["key"],
        Expired=int(END) - int(START) - 60,
        Headers=request["headers"],
        Params=request["params"],
    )
    answer = {"authorization": client.get_auth(**arguments), "url": client.get_presigned_url(**arguments)}
    print(json.dumps(answer))

"""Links a second from Python, beside the official SDK: the peer of benches/sign.rs.

One download link with a rule at a time by the SDK, and 100,000 in one call by the package of bindings/python. Needs
`pip install cos-python-sdk-v5` (1.9.44 was measured) and the package, or PYTHONPATH=bindings/python/src with
COSIMG_LIBRARY naming a release build. CPU time, the best of five rounds.
"""
import time

import cosimg
from qcloud_cos import CosConfig, CosS3Client

ROUNDS, ONE_BY_ONE, IN_BULK = 5, 5_000, 100_000
SECRETS = ("AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE", "not-a-secret-not-a-secret-not-a")
BUCKET, REGION = "examplebucket-1250000000", "ap-shanghai"
RULE = "imageMogr2/format/jpg/interlace/1/ignore-error/1"


def keys(count):
    return ["photos/2026/November/%06d of the harbour.png" % n for n in range(count)]


def by_the_sdk():
    client = CosS3Client(CosConfig(Region=REGION, SecretId=SECRETS[0], SecretKey=SECRETS[1]))
    return [
        client.get_presigned_url(Method="GET", Bucket=BUCKET, Key=key, Params={RULE: ""}) for key in keys(ONE_BY_ONE)
    ]


def in_bulk():
    signer = cosimg.Signer(cosimg.Credential(*SECRETS))
    link = cosimg.Link(f"{BUCKET}.cos.{REGION}.myqcloud.com", "", process=RULE)
    return link.sign_urls(signer, keys(IN_BULK))


def links_a_second(sign):
    def round():
        start = time.process_time()
        count = len(sign())
        return count / (time.process_time() - start)

    return max(round() for _ in range(ROUNDS))


sdk, bulk = links_a_second(by_the_sdk), links_a_second(in_bulk)
print(f"{sdk:,.0f} links a second by the SDK, {bulk:,.0f} in bulk: {bulk / sdk:.0f} times")

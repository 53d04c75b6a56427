"""Links a second of the official Python SDK, one download link with a rule at a time: the peer of benches/sign.rs.

Needs `pip install cos-python-sdk-v5` (1.9.44 was measured). Prints the best of five rounds.
"""
import time

from qcloud_cos import CosConfig, CosS3Client

ROUNDS, LINKS = 5, 5000
client = CosS3Client(
    CosConfig(
        Region="ap-shanghai",
        SecretId="AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE",
        SecretKey="not-a-secret-not-a-secret-not-a",
    )
)
rule = {"imageMogr2/format/jpg/interlace/1/ignore-error/1": ""}


def links():
    for n in range(LINKS):
        client.get_presigned_url(
            Method="GET",
            Bucket="examplebucket-1250000000",
            Key="photos/2026/November/%06d of the harbour.png" % n,
            Params=rule,
        )


def cpu_seconds():
    start = time.process_time()
    links()
    return time.process_time() - start


print("%.0f links a second" % (LINKS / min(cpu_seconds() for _ in range(ROUNDS))))

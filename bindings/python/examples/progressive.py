"""progressive IN OUT.jpg: signs a link that asks the service for a progressive JPEG, and makes the same JPEG here."""

import os
import sys
from pathlib import Path

import cosimg

RULE = "imageMogr2/format/jpg/interlace/1"


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} IN OUT.jpg")
    url = cosimg.sign_url(
        "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com",
        "sample.png",
        process=RULE,
        secret_id=os.environ.get("COSIMG_SECRET_ID", "AKIDexample"),
        secret_key=os.environ.get("COSIMG_SECRET_KEY", "exampleSecretKey"),
        valid=600,
    )
    print(url)

    source, target = map(Path, sys.argv[1:])
    try:
        answer = cosimg.Processor().run(source.read_bytes(), RULE)
    except cosimg.Error as error:
        sys.exit(f"{source}: {error}")
    target.write_bytes(answer.data)
    print(f"{target}: {answer.content_type}, {len(answer.data)} bytes")


if __name__ == "__main__":
    main()

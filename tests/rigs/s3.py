"""A store that speaks S3 and checks signatures: moto's server, in a process of its own."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import boto3

BEFORE_IT_CHECKS = 3  # requests, those of `_admit`
SERVE = "import sys; from moto.server import main; main(['-H', '127.0.0.1', '-p', sys.argv[1]])"
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@dataclass
class Store:
    port: int
    access_key: str = ""
    secret_key: str = ""

    def client(self, service: str = "s3") -> Any:
        return boto3.client(
            service, endpoint_url=f"http://127.0.0.1:{self.port}", region_name="us-east-1",
            aws_access_key_id=self.access_key or "nobody", aws_secret_access_key=self.secret_key or "nothing",
        )  # fmt: skip

    async def make(self, bucket: str) -> None:
        await asyncio.to_thread(self.client().create_bucket, Bucket=bucket)

    async def objects(self, bucket: str) -> dict[str, tuple[str, bytes]]:
        """Media type and content by key."""
        return await asyncio.to_thread(self._objects, bucket)

    def _objects(self, bucket: str) -> dict[str, tuple[str, bytes]]:
        client = self.client()
        keys = [each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", ())]
        found = {key: client.get_object(Bucket=bucket, Key=key) for key in keys}
        return {key: (each["ContentType"], each["Body"].read()) for key, each in found.items()}

    def admit(self) -> None:
        """Somebody who may do anything with S3; from then on nobody else may."""
        iam = self.client("iam")
        iam.create_user(UserName="edged")
        iam.put_user_policy(UserName="edged", PolicyName="all", PolicyDocument=json.dumps(ANYTHING))
        made = iam.create_access_key(UserName="edged")["AccessKey"]
        self.access_key, self.secret_key = made["AccessKeyId"], made["SecretAccessKey"]


@asynccontextmanager
async def running_store() -> AsyncIterator[Store]:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    store = Store(server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, str(store.port), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": str(BEFORE_IT_CHECKS)},
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            while not await _listens(store.port):
                await asyncio.sleep(0.05)
        await asyncio.to_thread(store.admit)
        yield store
    finally:
        process.kill()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True

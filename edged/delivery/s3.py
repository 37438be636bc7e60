"""Pictures into an S3-compatible store. https://developmentseed.org/obstore/"""

import re
from datetime import timedelta
from typing import Any

from edged import config
from edged.delivery.outgoing import DeliveryError

TIMEOUT = timedelta(seconds=20)  # of one request
QUALITY = "edged-quality"  # an object's own metadata
# what the store says of one picture alone; everything else may be mended there
_OF_THE_PICTURE = {"EntityTooLarge", "InvalidURI", "KeyTooLongError"}
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")


class Bucket:
    """`put` stores a picture under the prefix and its key. Raises DeliveryError, here for an install that lacks the library."""

    def __init__(self, settings: config.S3) -> None:
        try:
            import obstore
            from obstore.store import S3Store
        except ImportError:
            raise DeliveryError(
                "s3.bucket: this install lacks obstore: pip install 'edged[s3]'", lasting=True
            ) from None
        given: dict[str, Any] = {"endpoint": settings.endpoint.rstrip("/")} if settings.endpoint else {}
        self._put, self._get = obstore.put_async, obstore.get_async
        self._store = S3Store(
            settings.bucket,
            prefix=settings.prefix.strip("/") or None,
            region=settings.region,
            access_key_id=settings.access_key,
            secret_access_key=settings.secret_key,
            client_options={"allow_http": settings.endpoint.startswith("http://"), "timeout": TIMEOUT},
            retry_config={"max_retries": 0},
            **given,
        )
        self._name = f"the bucket {settings.bucket} at {settings.endpoint or 'AWS'}"

    async def put(self, key: str, jpeg: bytes, quality: float) -> None:
        """Stores the picture unless there is a better one under this key: after a crash older pictures come after newer ones."""
        from obstore.exceptions import BaseError

        try:
            if await self._quality(key) < quality:
                about = {"Content-Type": "image/jpeg", QUALITY: repr(quality)}
                await self._put(self._store, key, jpeg, attributes=about)
        except (BaseError, OSError) as error:
            raise self._said(key, str(error)) from None

    async def _quality(self, key: str) -> float:
        """Of the picture that is there; 0 without one, and where edged may write but not look."""
        from obstore.exceptions import PermissionDeniedError

        try:
            found = await self._get(self._store, key, options={"head": True})
        except (FileNotFoundError, PermissionDeniedError):
            return 0.0
        return float(found.attributes.get(QUALITY, 0.0))

    def _said(self, key: str, text: str) -> DeliveryError:
        """In our words: those of the library go on for pages, and hold what was sent."""
        code, status = _CODE.search(text), _STATUS.search(text)
        if code or status:
            reason = code[1] if code else f"status {status[1] if status else ''}"
            lasting = bool(code and code[1] in _OF_THE_PICTURE)
            return DeliveryError(f"{self._name} refuses {key}: {reason}", lasting)
        return DeliveryError(f"{self._name} cannot be reached: is s3.endpoint right, and does it run?")

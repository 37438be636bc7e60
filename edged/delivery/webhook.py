"""Alerts posted as JSON, signed so that the receiver knows who sent them, when, and that nothing was changed."""

import hashlib
import hmac
import time

import aiohttp
import msgspec

from edged import config
from edged.delivery.outgoing import DeliveryError
from edged.messages import AlertRaised

MAY_HEAL = {408, 425, 429}  # statuses below 500 after which trying again makes sense
_encode = msgspec.json.Encoder().encode


class Webhook:
    """Headers: `Edged-Delivery`, the same at every try; `Edged-Timestamp`, seconds since 1970; `Edged-Signature`, see `signature`."""

    def __init__(self, settings: config.Webhook, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session

    def wants(self, alert: AlertRaised) -> bool:
        return alert.severity in self._settings.severities

    async def send(self, id: str, alert: AlertRaised) -> None:
        settings = self._settings
        body = _encode({"id": id, "alert": alert})
        stamp = str(int(time.time()))
        headers = {"Content-Type": "application/json", "Edged-Delivery": id, "Edged-Timestamp": stamp}
        if settings.secret:
            headers["Edged-Signature"] = signature(settings.secret, stamp, body)
        timeout = aiohttp.ClientTimeout(total=settings.timeout)
        try:
            async with self._session.post(
                settings.url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                status = response.status
        except TimeoutError:
            raise DeliveryError(f"webhook {settings.name} did not answer within {settings.timeout:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise DeliveryError(
                f"webhook {settings.name} cannot be reached ({reason}): is its url right, and does it run?"
            ) from None
        if not 200 <= status < 300:
            lasting = status < 500 and status not in MAY_HEAL
            raise DeliveryError(f"webhook {settings.name} answers {status}: look into its log, and at its url", lasting)


def signature(secret: str, stamp: str, body: bytes) -> str:
    """`v1=` and the hex HMAC-SHA256, keyed with the secret, of the timestamp, a dot and the body."""
    return "v1=" + hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()

"""Alerts as mails, with the picture inside them. SMTP over TLS, SSL or plain."""

import asyncio
import hashlib
import html
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib
import structlog

from edged import config
from edged.bus.link import BusError
from edged.delivery.outgoing import DeliveryError
from edged.messages import AlertRaised
from edged.subjects import NODE_ITSELF

log = structlog.get_logger()

PORTS = {"tls": 587, "ssl": 465, "plain": 25}
TIMEOUT = 20.0
PICTURE_TRIES = 3  # the picture of an alert may come a moment after it
PICTURE_WAIT = 1.0
NAME = "email"

Picture = Callable[[str], Awaitable[bytes | None]]


class Mail:
    """`picture` gives the JPEG of a key, or None."""

    def __init__(self, settings: config.Email, picture: Picture) -> None:
        self._settings = settings
        self._picture = picture

    def wants(self, alert: AlertRaised) -> bool:
        return alert.severity in self._settings.severities

    async def send(self, id: str, alert: AlertRaised) -> None:
        settings = self._settings
        message = written(settings, id, alert, await self._picture_of(alert))
        port = settings.port or PORTS[settings.security]
        where = f"the mail server {settings.host}:{port}"
        try:
            await aiosmtplib.send(
                message,
                hostname=settings.host,
                port=port,
                username=settings.user or None,
                password=settings.password or None,
                use_tls=settings.security == "ssl",
                start_tls=settings.security == "tls",
                timeout=TIMEOUT,
            )
        except aiosmtplib.SMTPAuthenticationError:
            raise DeliveryError(f"{where} refuses the login: correct email.user and email.password") from None
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            lasting = isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 500
            raise DeliveryError(f"{where} refuses the mail: {_sentence(error)}", lasting) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise DeliveryError(
                f"{where} could not be used ({_sentence(error)}): correct [email], or wait until it is back"
            ) from None

    async def _picture_of(self, alert: AlertRaised) -> bytes | None:
        for _ in range(PICTURE_TRIES if alert.snapshot else 0):
            try:
                if jpeg := await self._picture(alert.snapshot or ""):
                    return jpeg
            except BusError as error:  # a mail without its picture is better than none
                log.warning("picture not mailed", alert=alert.id, error=str(error))
            await asyncio.sleep(PICTURE_WAIT)
        return None


def written(settings: config.Email, id: str, alert: AlertRaised, jpeg: bytes | None) -> EmailMessage:
    """The mail: as text, as HTML, and with the picture in it."""
    words = wording(alert)
    message = EmailMessage()
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.to)
    message["Subject"] = " ".join(settings.subject.format_map(words).split())
    message["Date"] = format_datetime(alert.time)
    message["Message-ID"] = (
        f"<{hashlib.sha256(id.encode()).hexdigest()[:40]}@{settings.sender.rpartition('@')[2].strip('> ')}>"
    )
    message["Edged-Delivery"] = id
    text = settings.text.format_map(words)
    link = f"{settings.viewer.rstrip('/')}/#/alerts/{alert.id}" if settings.viewer else ""
    message.set_content(f"{text}\n{link}\n" if link else text)
    inside = "<br>".join(html.escape(text).splitlines())
    shown = '<p><img src="cid:picture@edged" alt="" style="max-width:100%"></p>' if jpeg else ""
    anchor = f'<p><a href="{html.escape(link)}">Open in the viewer</a></p>' if link else ""
    message.add_alternative(f"<html><body><p>{inside}</p>{shown}{anchor}</body></html>", subtype="html")
    if jpeg:
        part = message.get_payload()[1]  # type: ignore[index]
        part.add_related(jpeg, "image", "jpeg", cid="<picture@edged>", filename="alert.jpg")  # type: ignore[union-attr]
    return message


def wording(alert: AlertRaised) -> dict[str, str]:
    """What a template may name."""
    said: datetime = alert.time.astimezone()
    camera = "(none)" if alert.camera == NODE_ITSELF else alert.camera
    return {
        "severity": alert.severity, "message": alert.message, "camera": camera, "node": alert.node, "site": alert.site,
        "rule": alert.rule, "label": alert.label, "id": alert.id, "time": said.strftime("%Y-%m-%d %H:%M:%S %z"),
    }  # fmt: skip


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

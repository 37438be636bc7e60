from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from edged import config
from edged.bus.link import BusError
from edged.delivery.mail import Mail
from edged.delivery.outgoing import DeliveryError, sample
from edged.messages import AlertRaised
from tests.rigs.mail import certificate, mail_server

JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"
ALERT: AlertRaised = msgspec.structs.replace(
    sample(), id="loiter.1", camera="front", rule="loiter", severity="alarm", message="Müller <b>stays</b>",
    snapshot="front/1.jpg", time=datetime(2026, 5, 1, 12, tzinfo=UTC),
)  # fmt: skip


def settings(port: int, **more: object) -> config.Email:
    return config.Email(
        host="127.0.0.1", port=port, sender="edged <edged@example.org>", to=("a@example.org", "b@example.org"), **more
    )


async def picture(key: str) -> bytes | None:
    assert key == "front/1.jpg"
    return JPEG


@pytest.mark.parametrize("security", ["plain", "tls", "ssl"])
async def test_a_mail_arrives_with_its_picture(tmp_path: Path, security: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cert = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with mail_server(security, cert, ("anna", "secret") if security == "tls" else None) as box:
        user = {"user": "anna", "password": "secret"} if security == "tls" else {}
        sent = settings(box.port, security=security, viewer="http://10.0.0.1:8420/", **user)
        await Mail(sent, picture).send("email.loiter.1", ALERT)
    [mail] = box.mails
    assert mail["Subject"] == "alarm: Müller <b>stays</b>"
    assert mail["To"] == "a@example.org, b@example.org"
    assert mail["Edged-Delivery"] == "email.loiter.1"
    parts = {part.get_content_type(): part for part in mail.walk()}
    assert parts["image/jpeg"].get_content() == JPEG
    page = parts["text/html"].get_content()
    assert parts["image/jpeg"]["Content-ID"].strip("<>") in page
    assert "Müller &lt;b&gt;stays&lt;/b&gt;" in page
    assert "http://10.0.0.1:8420/#/alerts/loiter.1" in parts["text/plain"].get_content()


async def test_a_picture_that_cannot_be_read_does_not_hold_up_the_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edged.delivery.mail.PICTURE_WAIT", 0.01)

    async def lost(key: str) -> bytes | None:
        raise BusError(f"could not read the picture {key}")

    with mail_server() as box:
        await Mail(settings(box.port, security="plain"), lost).send("email.loiter.1", ALERT)
    [mail] = box.mails
    assert [part.get_content_type() for part in mail.walk() if not part.is_multipart()] == ["text/plain", "text/html"]


async def test_the_same_mail_again_has_the_same_message_id() -> None:
    with mail_server() as box:
        mail = Mail(settings(box.port, security="plain"), picture)
        await mail.send("email.loiter.1", ALERT)
        await mail.send("email.loiter.1", ALERT)
        await mail.send("email.loiter.2", ALERT)
    first, again, other = (mail["Message-ID"] for mail in box.mails)
    assert first == again != other


@pytest.mark.parametrize(("answer", "lasting"), [("451 later", False), ("554 spam", True)])
async def test_a_refusal_says_whether_another_try_helps(answer: str, lasting: bool) -> None:
    with mail_server() as box:
        box.answers.append(answer)
        with pytest.raises(DeliveryError, match=answer[4:]) as caught:
            await Mail(settings(box.port, security="plain"), picture).send("id", ALERT)
    assert caught.value.lasting is lasting


async def test_a_certificate_of_a_stranger_is_refused(tmp_path: Path) -> None:
    with (
        mail_server("ssl", certificate(tmp_path)) as box,
        pytest.raises(DeliveryError, match=r"127\.0\.0\.1.*certificate") as caught,
    ):
        await Mail(settings(box.port, security="ssl"), picture).send("id", ALERT)
    assert not caught.value.lasting
    assert box.mails == []


async def test_a_wrong_password_is_named_but_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with mail_server("tls", cert, ("anna", "secret")) as box, pytest.raises(DeliveryError) as caught:
        await Mail(settings(box.port, user="anna", password="guessed"), picture).send("id", ALERT)
    assert "email.password" in str(caught.value)
    assert "guessed" not in str(caught.value)

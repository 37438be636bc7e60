"""`edged janus check`: which camera Janus shows, and what is missing for the others."""

import argparse
import asyncio
import sys
from pathlib import Path
from urllib.parse import urlsplit

from edged import settings
from edged.config import Config, Publish
from edged.subjects import Address


def configure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("janus", help="what Janus shows of the cameras")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    check = verbs.add_parser("check", help="which camera has which mountpoint, and what is missing")
    check.add_argument("--config", type=Path, metavar="FILE", required=True)
    check.add_argument("--create", action="store_true", help="make the mountpoints that are missing")
    check.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """1 when a camera cannot be seen through Janus."""
    from edged.gateway.janus.client import JanusFault

    try:
        loaded = settings.load(args.config)
        if not loaded.janus.url:
            raise settings.SettingsError(f'{args.config}: set janus.url, such as "http://127.0.0.1:8088/janus"')
        return asyncio.run(_check(loaded, args.create))
    except (settings.SettingsError, JanusFault) as error:
        print(f"edged: {error}", file=sys.stderr)
        return 1


async def _check(loaded: Config, create: bool) -> int:
    from edged.gateway.janus import mountpoints
    from edged.gateway.janus.client import streaming

    cameras = _cameras(loaded)
    lacking = 0
    async with streaming(loaded.janus) as plugin:
        known = await plugin.mountpoints()
        for address, published in cameras.items():
            found = mountpoints.of(address, known)
            if found is None and create:
                wanted = mountpoints.request(address, mountpoints.rtp_port(published), loaded.janus.admin_key)
                _tell_made(address, await plugin.ask(wanted), published, loaded)
                continue
            fault = mountpoints.missing(found, published)
            lacking += bool(fault)
            print(f"{address}: {f'mountpoint {found.id}' if found else 'not in Janus'}: {fault or 'good'}")
    if not cameras:
        print("no [[cameras]] and no [[publish]] in the file")
    return 1 if lacking else 0


def _cameras(loaded: Config) -> dict[Address, Publish | None]:
    """Each with the [[publish]] that sends it as RTP."""
    from edged.gateway.publishing.publishing import address_of

    cameras: dict[Address, Publish | None] = {
        Address(loaded.site, loaded.node, camera.id): None for camera in loaded.cameras
    }
    for each in loaded.publish:
        if each.url.startswith("rtp:"):
            cameras[address_of(each.camera, loaded)] = each
    return cameras


def _tell_made(address: Address, made: dict[str, object], published: Publish | None, loaded: Config) -> None:
    stream = made["stream"]
    assert isinstance(stream, dict), "the plugin tells what it made"
    lasting = "" if made.get("permanent") else ", until Janus restarts: it may not write its configuration"
    print(f"{address}: mountpoint {stream['id']} made{lasting}")
    if published is None:
        host, port = urlsplit(loaded.janus.url).hostname, stream["ports"][0]["port"]
        print(
            f'  send the camera there, in edged.toml:\n\n[[publish]]\ncamera = "{address}"\nurl = "rtp://{host}:{port}"\n'
        )

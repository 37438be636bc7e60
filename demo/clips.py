"""The demo's clips, put into demo/media once: from the internet, or all of them cut from the one that Debian packages."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.cut import View, cut, playable

MEDIA = Path(__file__).parent / "media"
DECISION = 4.0  # seconds until "there is no internet" is believed

PEDESTRIANS = "https://raw.githubusercontent.com/opencv/opencv/4.x/samples/data/vtest.avi"
SAMPLES = "https://raw.githubusercontent.com/intel-iot-devkit/sample-videos/master/"  # CC BY 4.0, Intel

WALKWAY = "walkway.mp4"
SHOWN = {"entrance.mp4": SAMPLES + "one-by-one-person-detection.mp4", "street.mp4": SAMPLES + "car-detection.mp4"}
# Without internet: two more looks at the pedestrian clip, enlarged, that begin elsewhere in it.
CUTS = {
    "entrance.mp4": View(x=0, y=60, width=400, height=300, scale_to=(800, 600), first=260),
    "street.mp4": View(x=368, y=20, width=400, height=300, scale_to=(800, 600), first=530),
}


class ClipError(Exception):
    """A clip could not be had; the text says from where and why."""


def pedestrians(media: Path = MEDIA, *, online: bool | None = None) -> Path:
    """OpenCV's pedestrian clip, vtest.avi: 768x576, 10 fps, 795 frames. Fetched once; ClipError says why it could not be."""
    clip = media / "vtest.avi"
    if clip.exists():
        return clip
    if reachable(PEDESTRIANS) if online is None else online:
        try:
            return download(PEDESTRIANS, clip)
        except ClipError as error:
            print(f"  {error}; trying Debian's package")
    return from_debian(clip)


def reachable(url: str, within: float = DECISION) -> bool:
    """Whether `url` answers within so many seconds, name lookup included (which no socket timeout covers)."""
    answered = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=within):
                answered.set()
        except OSError:
            pass

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(within)
    return answered.is_set()


def download(url: str, to: Path) -> Path:
    """`to`, holding what `url` serves, checked to be a clip."""
    print(f"  {to.name}: {url}")
    with arriving(to) as part:
        try:
            with urllib.request.urlopen(url, timeout=20) as response, part.open("wb") as file:
                shutil.copyfileobj(response, file)
        except OSError as error:
            raise ClipError(f"could not download {url}: {error}") from None
        if not playable(part):
            raise ClipError(f"{url} did not serve a clip")
    return to


def from_debian(to: Path) -> Path:
    """`to`, holding vtest.avi out of Debian's opencv-doc; needs no root unless the package lists are missing."""
    print(f"  {to.name}: out of Debian's package opencv-doc (95 MB, not kept)")
    if not shutil.which("apt-get"):
        raise ClipError("this system has no apt-get to get opencv-doc with")
    with tempfile.TemporaryDirectory() as folder, arriving(to) as part:
        package = _debian_package(Path(folder))
        _take_out(package, "/vtest.avi", part)
        if not playable(part):
            raise ClipError(f"the vtest.avi in {package.name} is not a clip")
    return to


def _debian_package(folder: Path) -> Path:
    get = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", "opencv-doc"]
    update = [*([] if os.geteuid() == 0 else ["sudo", "-n"]), "apt-get", "-qq", "update"]
    said = ""
    # Lists that are missing, or older than the mirror, are the usual reason for a first failure.
    for command in (get, update, get):
        if command is update and list(folder.iterdir()):
            break
        try:
            said = subprocess.run(command, cwd=folder, capture_output=True, text=True).stderr.strip()
        except FileNotFoundError:
            continue
        if packages := list(folder.glob("opencv-doc_*.deb")):
            return packages[0]
    raise ClipError(f"apt-get download opencv-doc failed: {said.splitlines()[-1] if said else 'no reason given'}")


def _take_out(package: Path, ending: str, to: Path) -> None:
    """Writes the file of `package` whose path ends so. The archive is read as it unpacks, and no further than needed."""
    command = ["dpkg", "--fsys-tarfile", str(package)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as dpkg,
        tarfile.open(fileobj=dpkg.stdout, mode="r|") as archive,
    ):
        for member in archive:
            if member.name.endswith(ending) and (content := archive.extractfile(member)):
                with to.open("wb") as file:
                    shutil.copyfileobj(content, file)
                dpkg.kill()
                return
    raise ClipError(f"{package.name} no longer holds a file that ends in {ending}")


@contextmanager
def arriving(to: Path) -> Iterator[Path]:
    """A path beside `to` to write to; it becomes `to` when the block ends well and goes when it does not."""
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(f".{os.getpid()}.part.{to.name}")
    try:
        yield part
        part.rename(to)
    finally:
        part.unlink(missing_ok=True)


def _prepare() -> None:
    if all((MEDIA / name).exists() for name in (WALKWAY, *SHOWN)):
        return
    print("Fetching the demo's clips (once, into demo/media)")
    online = reachable(PEDESTRIANS)
    if not online:
        print("  No route to the internet: all three cameras will look at the one clip that Debian packages")
    source = pedestrians(online=online)
    if not (MEDIA / WALKWAY).exists():
        with arriving(MEDIA / WALKWAY) as part:
            cut(source, part)
    for name, url in SHOWN.items():
        if (MEDIA / name).exists():
            continue
        try:
            if not online:
                raise ClipError("no route to the internet")
            download(url, MEDIA / name)
        except ClipError:
            print(f"  {name}: cut from {source.name}")
            with arriving(MEDIA / name) as part:
                cut(source, part, CUTS[name])


def main() -> int:
    try:
        _prepare()
    except ClipError as error:
        print(
            f"The demo has no clip to show: {error}.\n"
            f"Put any video there as {MEDIA / 'vtest.avi'}, or show your own camera: make demo SOURCE=rtsp://…",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

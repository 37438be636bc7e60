import msgspec

from bench.daemon import as_toml
from edged import config


def test_the_configuration_written_for_the_daemon_reads_back_as_it_was():
    written = config.Config(
        node="box",
        cameras=(
            config.Camera(id="cam0", url='/clips/a "quoted" one.mp4', fps=12.5, masks=(((0, 0), (1, 0), (1, 1)),)),
        ),
        alerts=(config.AlertRule(name="seen"),),
    )
    read = msgspec.toml.decode(as_toml(msgspec.to_builtins(written)), type=config.Config)
    assert read == written

pytest_plugins = ["tests.rigs.cameras"]

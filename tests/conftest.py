"""What every test may ask for: a database of its own, and programs it needs from outside."""

pytest_plugins = ("tests.not_run", "tests.database", "tests.browser.service")

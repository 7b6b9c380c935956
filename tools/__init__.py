"""Tools for work on the project: the app in a browser, visitors without a browser, and screenshots."""

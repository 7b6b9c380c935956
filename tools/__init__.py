"""What the project's own work needs and the app does not: the served app in a browser, and its pictures."""

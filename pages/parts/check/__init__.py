"""The components of the Check page."""

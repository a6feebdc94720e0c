"""The audit as a page to listen and to click: one file that opens offline."""

"""Songs by genre from Yandex Music, for research of one's own: what fetch.py does."""

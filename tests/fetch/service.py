"""A stand-in for the service on loopback, which the real yandex_music client talks to.

It knows made-up artists with songs, checks signatures and who sends a token where, and can be told to misbehave.
Run as a program it prints its address and serves until its standard input ends.
"""

import copy
import functools
import io
import json
import re
import socket
import struct
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import av
import numpy as np
import soundfile

from genre_lightning.fetch.excerpt import cut_frames

SALT = "XGRlBW9FXlekgbPrRHuSiA"  # that of yandex_music/download_info.py
TOKEN = "y0_secret-token-of-the-tests"
API, LINK, AUDIO = "^/tracks/", "^/download-info/", "^/get-mp3/"  # what the requests for a song begin with
ALBUM_GENRES = {"rock": "rock", "jazz": "jazz", "hiphop": "rap"}
SAMPLE_RATE = 32000  # the lowest that mpg123 decodes without a word
PREVIEW_SECONDS = 30
CAPTCHA = b"<!doctype html><html><title>Oops</title><form action='/checkcaptcha'>Are you a robot?</form></html>"


@functools.cache
def base(genre, rate=SAMPLE_RATE, channels=1, seconds=60, compression_level=0.99, own=0):
    """The frames of a long MP3 that sounds like its genre, and how long a frame is; each `own` is another one."""
    rng = np.random.default_rng([sorted(ALBUM_GENRES).index(genre) if genre in ALBUM_GENRES else 9, own])
    at = np.arange(seconds * rate) / rate
    hiss = rng.standard_normal(len(at))
    sound = {
        "rock": 0.2 * hiss,
        "jazz": 0.3 * np.sin(2 * np.pi * (300 + own % 97 + 200 * np.sin(at / 7 + own)) * at) + 0.01 * hiss,
        "hiphop": 0.6 * hiss * np.exp(-12 * (at % 0.4)),
    }.get(genre, 0.1 * hiss)
    encoded = io.BytesIO()
    samples = np.stack([sound.clip(-1, 1)] * channels, axis=1)
    soundfile.write(encoded, samples, rate, format="MP3", compression_level=compression_level)
    return frames_of(encoded.getvalue())


def frames_of(mp3):
    with av.open(io.BytesIO(mp3)) as container:
        stream = container.streams.audio[0]
        return [bytes(packet) for packet in container.demux(stream) if packet.size], stream.frame_size / stream.rate


def mp3(genre, number, seconds, alike=True, **how):
    """A song of a genre: another part of its sound for each number, or if they are not `alike` another sound."""
    frames, frame_seconds = base(genre, own=0 if alike else number, **how)
    wanted = round(seconds / frame_seconds)
    return cut_frames(frames, 10 + number * 7 % (len(frames) - wanted - 20), wanted)


def silence(seconds):
    encoded = io.BytesIO()
    soundfile.write(encoded, np.zeros(round(seconds * SAMPLE_RATE)), SAMPLE_RATE, format="MP3")
    return encoded.getvalue()


def artist_row(number, name=None, various=False):
    return {"id": number, "name": name or f"Artist {number}", "various": various}


def track_row(number, artists, genre="rock", seconds=40, title=None, **more):
    """A track on an album of its own."""
    album = {
        "id": 500_000 + number, "title": f"Album {number}", "metaType": "music", "type": "single", "year": 2001,
        "genre": genre, "artists": artists[:1], "labels": [{"id": 1, "name": "L"}],
    }  # fmt: skip
    return {
        "id": str(number), "realId": str(number), "title": title or f"Song {number}", "type": "music",
        "available": True, "durationMs": round(1000 * seconds), "previewDurationMs": 1000 * PREVIEW_SECONDS,
        "isrc": f"XX{number:010d}", "artists": artists, "albums": [album | more.pop("album", {})],
    } | more  # fmt: skip


@dataclass
class Hit:
    """A request: when it came, what it wanted, whether it carried a token, and how it ended."""

    time: float
    method: str
    path: str
    query: dict
    token: str | None


class Service:
    """`with Service() as service`: `service.url` is its address.

    What a test may change: `tracks`, by id, `shelves`, which name the ids that a route shows, `audio`, by path.
    """

    def __init__(self, artists=9, songs=2, genres=tuple(ALBUM_GENRES), seconds=40, sound=None, context=None):
        self.sound = sound or {}
        self.tracks, self.shelves, self.audio, self.faults = {}, {}, {}, []
        self.hits, self.complaints, self.in_flight, self.most_in_flight = [], [], 0, 0
        self.lock, self.has_plus, self.token, self.kbps = threading.Lock(), True, TOKEN, (64, 192, 320)
        for place, genre in enumerate(genres):
            for artist in range(artists):
                who = artist_row(1000 * (place + 1) + artist)
                for song in range(songs):
                    number = 10_000 * (place + 1) + 10 * artist + song
                    self.add(genre, track_row(number, [who], ALBUM_GENRES.get(genre, genre), seconds))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"service": self}))
        self.server.daemon_threads = True
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http{'s' if context else ''}://{self.host}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()

    def add(self, genre, track, route="artists"):
        self.tracks[track["id"]] = track
        self.shelves.setdefault((route, genre), []).append(track["id"])
        return track["id"]

    def misbehave(self, pattern, fault, times=10**9):
        """Let requests whose path matches meet a fault, so many times."""
        self.faults.append([re.compile(pattern), fault, times])

    def fault_for(self, path):
        with self.lock:
            for fault in self.faults:
                if fault[2] > 0 and fault[0].search(path):
                    fault[2] -= 1
                    return fault[1]
        return None

    def fetched(self, since=0):
        """How often the audio of each track was asked for."""
        paths = [hit.path for hit in self.hits[since:] if hit.path.startswith("/get-mp3/")]
        return Counter(path.rsplit("/", 1)[1].removesuffix(".preview") for path in paths)

    def sound_of(self, name):
        """The audio of a path such as `10000` or `10000.preview`."""
        number = name.removesuffix(".preview")
        if name not in self.audio:
            genre = next((genre for (_, genre), ids in self.shelves.items() if number in ids), "rock")
            seconds = PREVIEW_SECONDS if name.endswith(".preview") else self.tracks[number]["durationMs"] / 1000
            song = int(number) if number.isdecimal() else len(number)
            self.audio[name] = mp3(genre, song, seconds, **self.sound)
        return self.audio[name]

    def shown(self, route, genre):
        return [self.tracks[number] for number in self.shelves.get((route, genre), [])]

    # What the routes of the interface answer: `result` of its envelope.

    def answer(self, path, query, token):
        for pattern, route in ROUTES.items():
            if found := re.fullmatch(pattern, path):
                return route(self, *found.groups(), query=query, token=token)
        return None

    def status(self, query, token):
        plus = {"hasPlus": self.has_plus, "isTutorialCompleted": True}
        subscription = {"autoRenewable": [], "familyAutoRenewable": []}
        account = {"now": "2026", "serviceAvailable": True, "uid": 42, "region": 225}
        permissions = {"until": "2027", "values": [], "default": []}
        return {"account": account, "permissions": permissions, "subscription": subscription, "plus": plus}

    def genres(self, query, token):
        def row(name, title, below=()):
            shown = {"composerTop": False, "weight": 1, "showInMenu": True, "images": {"208x208": "u", "300x300": "u"}}
            titles = {"ru": {"title": title}}
            return shown | {"id": name, "title": title, "titles": titles, "subGenres": [row(*one) for one in below]}

        rock = row("allrock", "Рок", [("rock", "Зарубежный рок"), ("hardrock", "Хард-рок")])
        rap = row("rap", "Рэп", [("foreignrap", "Иностранный рэп")])
        return [rock, row("jazz", "Джаз"), rap, row("metal", "Метал", [("numetal", "Ню-метал")])]

    def metatags(self, query, token):
        leaves = [{"tag": f"tag-{n}", "title": t, "leaves": []} for n, t in enumerate(["Рок", "Джаз", "Хип-хоп"])]
        below = [{"tag": "tag-3", "title": "Метал", "leaves": []}]
        leaves.append({"tag": "tag-9", "title": "Прочее", "leaves": below})
        return {"trees": [{"title": "Жанры", "navigationId": "genres", "leaves": leaves}]}

    def genre_of_tag(self, tag):
        return {"tag-0": "rock", "tag-1": "jazz", "tag-2": "hiphop", "tag-3": "metal"}.get(tag, "other")

    def metatag(self, tag, query, token):
        station = ALBUM_GENRES.get(self.genre_of_tag(tag), "other")
        return {"id": tag, "title": {"title": tag, "fullTitle": tag}, "stationId": f"genre:{station}"}

    def page(self, rows, query):
        begin, limit = int(query["offset"][0]), int(query["limit"][0])
        return rows[begin : begin + limit], {"total": len(rows), "page": begin // limit, "perPage": limit}

    def artists(self, tag, query, token):
        assert query["period"][0] in ("day", "week", "month")
        entries = {}
        for track in self.shown("artists", self.genre_of_tag(tag)):
            who = track["artists"][0] if track["artists"] else artist_row(1)
            entries.setdefault(who["id"], {"artist": who, "popularTracks": []})["popularTracks"].append(track)
        rows, pager = self.page(list(entries.values()), query)
        return {"id": tag, "pager": pager, "artists": rows}

    def albums(self, tag, query, token):
        albums = {t["albums"][0]["id"]: t["albums"][0] for t in self.shown("albums", self.genre_of_tag(tag))}
        rows, pager = self.page(list(albums.values()), query)
        return {"id": tag, "pager": pager, "albums": rows}

    def album(self, number, query, token):
        tracks = [t for t in self.tracks.values() if t["albums"] and str(t["albums"][0]["id"]) == number]
        bare = [{key: value for key, value in track.items() if key != "albums"} for track in tracks]
        return tracks[0]["albums"][0] | {"volumes": [bare]} if tracks else None

    def playlist_ids(self, slug, query, token):
        if ("playlists", slug) not in self.shelves:
            return None
        tag = {"id": "1", "value": slug, "name": slug, "ogDescription": ""}
        return {"tag": tag, "ids": [{"uid": 1, "kind": sorted(ALBUM_GENRES).index(slug)}]}

    def playlist(self, kind, query, token):
        tracks = self.shown("playlists", sorted(ALBUM_GENRES)[int(kind)])
        shorts = [{"id": t["id"], "timestamp": "2026"} | ({"track": t} if n % 2 else {}) for n, t in enumerate(tracks)]
        owner = {"uid": 1, "login": "l", "name": "n", "verified": True}
        cover = {"type": "pic", "uri": "a/%%", "custom": False}
        return {
            "uid": 1, "kind": int(kind), "title": "P", "trackCount": len(shorts), "cover": cover, "owner": owner,
            "tracks": shorts,
        }  # fmt: skip

    def search(self, query, token):
        page, text = int(query["page"][0]), query["text"][0]
        found = self.shown("search", text)
        rows = {"total": len(found), "perPage": 10, "order": 0, "results": found[10 * page : 10 * page + 10]}
        return {"searchRequestId": "r", "text": text, "type": "track", "page": page, "perPage": 10, "tracks": rows}

    def station(self, name, query, token):
        tracks = self.shown("station", name)
        ids = [track["id"] for track in tracks]
        begin = ids.index(query["queue"][0]) if "queue" in query else 0  # the last one comes again
        sequence = [{"type": "track", "liked": False, "track": track} for track in tracks[begin : begin + 5]]
        return {"id": {"type": "genre", "tag": name}, "batchId": "b", "pumpkin": False, "sequence": sequence}

    def some_tracks(self, query, token):
        return [self.tracks[number] for number in query["track-ids"] if number in self.tracks]

    def download_info(self, address, query, token):
        number = address.split(":")[0]
        if number not in self.tracks:
            return []
        preview = token is None or not self.has_plus
        url = f"{self.url}/download-info/{number}{'.preview' if preview else ''}"
        rows = [("aac", 192), *(("mp3", kbps) for kbps in self.kbps)]
        return [
            {"codec": codec, "bitrateInKbps": kbps, "gain": False, "preview": preview, "direct": False,
             "downloadInfoUrl": f"{url}?kbps={kbps}"}
            for codec, kbps in rows
        ]  # fmt: skip

    def xml(self, name):
        return (
            f"<?xml version='1.0' encoding='utf-8'?><download-info><host>{self.host}</host><path>/rmusic/{name}</path>"
            "<ts>0005</ts><region>-1</region><s>secret</s></download-info>"
        ).encode()


ROUTES = {
    "/account/status": Service.status,
    "/genres": Service.genres,
    "/landing3/metatags": Service.metatags,
    "/metatags/([^/]+)": Service.metatag,
    "/metatags/([^/]+)/artists": Service.artists,
    "/metatags/([^/]+)/albums": Service.albums,
    "/albums/([^/]+)/with-tracks": Service.album,
    "/tags/([^/]+)/playlist-ids": Service.playlist_ids,
    "/users/1/playlists/([^/]+)": Service.playlist,
    "/search": Service.search,
    "/rotor/station/genre:([^/]+)/tracks": Service.station,
    "/tracks": Service.some_tracks,
    "/tracks/([^/]+)/download-info": Service.download_info,
}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    service: Service

    def do_GET(self):
        service, parts = self.service, urlsplit(self.path)
        query = parse_qs(parts.query)
        if self.command == "POST":
            query = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        hit = Hit(time.monotonic(), self.command, parts.path, query, self.headers.get("Authorization"))
        with service.lock:
            service.hits.append(hit)
            service.in_flight += 1
            service.most_in_flight = max(service.most_in_flight, service.in_flight)
        try:
            self.respond(hit)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with service.lock:
                service.in_flight -= 1

    do_POST = do_GET  # noqa: N815 (the name that http.server wants)

    def respond(self, hit):
        kind, body = self.normal(hit.path, hit.query, hit.token)
        if fault := self.service.fault_for(hit.path):
            fault(self, body)
        else:
            self.reply(200 if body is not None else 404, body or b"", {"Content-Type": kind})

    def normal(self, path, query, token):
        """What the service answers when it is well: the kind of content and the body, None for 404."""
        service = self.service
        if found := re.fullmatch(r"/download-info/([^/]+)", path):
            self.without_token(token)
            return "application/xml", service.xml(found[1])
        if found := re.fullmatch(r"/get-mp3/([^/]+)/0005/rmusic/([^/]+)", path):
            self.without_token(token)
            if found[1] != md5(f"{SALT}rmusic/{found[2]}secret".encode()).hexdigest():
                service.complaints.append(f"a wrong signature: {path}")
            return "audio/mpeg", service.sound_of(found[2])
        if found := LOGIN.get(path):
            return "application/json", json.dumps(found).encode()
        if token is not None and token != f"OAuth {service.token}":
            return "application/json", None
        result = service.answer(path, query, token)
        envelope = {"invocationInfo": {"hostname": "f", "req-id": "1"}, "result": result}
        return "application/json", None if result is None else json.dumps(envelope).encode()

    def without_token(self, token):
        if token is not None:
            self.service.complaints.append(f"a token where none belongs: {self.path}")

    def reply(self, status, body, headers=None, length=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *message):
        pass


LOGIN = {
    "/device/code": {
        "device_code": "d", "user_code": "1234-abcd", "verification_url": "https://ya.ru/device", "expires_in": 300,
        "interval": 0,
    },
    "/token": {"access_token": TOKEN, "refresh_token": "r", "expires_in": 1, "token_type": "bearer"},
}  # fmt: skip


# What can go wrong: each is called with the handler and the answer that it would have given.


def status(code, headers=None, body=b'{"error":{"name":"some-error","message":"no"}}'):
    return lambda handler, _: handler.reply(code, body, headers)


def body(content, code=200):
    """Another body, whole."""
    return lambda handler, _: handler.reply(code, content)


def captcha_redirect(handler, _):
    handler.reply(302, b"", {"Location": f"{handler.service.url}/showcaptcha?retpath=1"})


def redirect(handler, _):
    """To the same address again."""
    handler.reply(302, b"", {"Location": handler.path})


def stall_in_body(seconds):
    def fault(handler, normal):
        handler.reply(200, normal[: len(normal) // 2], length=len(normal))
        handler.wfile.flush()
        time.sleep(seconds)
        handler.close_connection = True

    return fault


def reset(handler, _):
    """The connection is torn down."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    with suppress(OSError):
        handler.connection.shutdown(socket.SHUT_RD)
    handler.connection.close()


def shorter(handler, normal):
    """Less than Content-Length promises."""
    handler.reply(200, normal[: len(normal) // 2], length=len(normal))
    handler.close_connection = True


def unmeasured(part):
    """A part of the body, without Content-Length, so that the client cannot know."""

    def fault(handler, normal):
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(normal[: round(part * len(normal))])
        handler.close_connection = True

    return fault


if __name__ == "__main__":
    artists, seconds, rate, channels = (int(number) for number in sys.argv[1:])
    sound = {"rate": rate, "channels": channels, "compression_level": 0.5}
    for genre in ALBUM_GENRES:
        base(genre, **sound)
    with Service(artists, 1, seconds=seconds, sound=sound) as service:
        print(service.url, flush=True)
        sys.stdin.read()


def places(value, path=()):
    """Where values lie in an answer."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*path, name))


def put(value, path, odd):
    """A copy of an answer with another value at a place."""
    if not path:
        return odd
    changed = copy.copy(value)
    changed[path[0]] = put(value[path[0]], path[1:], odd)
    return changed

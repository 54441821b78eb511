"""Who signs requests in tests: keys, tokens, and a server that publishes the keys as Teams' own does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://api.botframework.com"
APP = "11111111-2222-3333-4444-555555555555"
SERVICE = "https://smba.trafficmanager.net/emea/"


def new_key() -> rsa.RSAPrivateKey:
    """A key of its own."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Signer:
    """Signs tokens with a key that `url` publishes."""

    url: str
    key: rsa.RSAPrivateKey
    asked: list[str] = field(default_factory=list)

    def token(self, key: Any = None, algorithm: str = "RS256", kid: str = "k1", **claims: Any) -> str:
        """A token as Teams sends it; `claims` take the place of its own."""
        now = int(time.time())
        own = {"iss": ISSUER, "aud": APP, "serviceurl": SERVICE, "nbf": now - 10, "iat": now, "exp": now + 3600}
        told = {name: value for name, value in (own | claims).items() if value is not None}
        return jwt.encode(told, key or self.key, algorithm=algorithm, headers={"kid": kid})


@contextmanager
def signer() -> Iterator[Signer]:
    """A running server of keys."""
    key = new_key()
    public = json.loads(RSAAlgorithm.to_jwk(key.public_key())) | {
        "kid": "k1", "use": "sig", "alg": "RS256", "endorsements": ["msteams", "webchat"],
    }  # fmt: skip
    asked: list[str] = []

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            told = {"keys": [public]} if self.path == "/keys" else {"issuer": ISSUER, "jwks_uri": f"{base}/keys"}
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Signer(f"{base}/openid", key, asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Every setting in one place: `mynah.toml` in the working directory, then `MYNAH_*` from the environment."""

from __future__ import annotations

import difflib
import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

ROOT = Path(__file__).resolve().parent.parent
DEMO = "demo"
SHORTEST_TOKEN = 16  # characters of a secret that people type once


class ConfigError(Exception):
    """A setting is wrong. The text names it and says what it should be, for people."""


class Place(BaseModel):
    """One more database, and the channels whose questions it answers, each as `door:channel`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[str, ...]
    database_url: SecretStr
    student_dir: Path
    glossary: Path | None = None
    access: Path | None = None
    examples: Path | None = None

    @field_validator("channels")
    @classmethod
    def _named(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        for channel in channels:
            door, colon, name = channel.partition(":")
            if not (door and colon and name):
                raise ValueError("a channel reads like slack:C0123456789")
        return channels


class Settings(BaseSettings):
    """One frozen object. Nobody else reads the environment; secrets never show in repr."""

    model_config = SettingsConfigDict(
        frozen=True, env_prefix="MYNAH_", toml_file="mynah.toml", extra="forbid", env_ignore_empty=True
    )

    database_url: SecretStr = Field(
        default=SecretStr(DEMO), description="The database to ask: a SQLAlchemy URL, a SQLite file, or `demo`."
    )
    allow_unsafe_role: bool = Field(
        default=False, description="Open a server's database even with a role that may do more than read."
    )
    access: Path | None = Field(
        default=None, description="Who may see what, as TOML. Default: everybody sees every table."
    )
    glossary: Path | None = Field(default=None, description="The business terms, as TOML. The demo brings its own.")
    examples: Path | None = Field(
        default=None, description="Questions to show to newcomers, one a line. Default: made from the tables' names."
    )
    student_dir: Path = Field(
        default=ROOT / "demo" / "student", description="The directory of the student that serves."
    )
    models_url: str | None = Field(
        default=None,
        description="Where versions of the student lie: a folder, or a URL. Default: student_dir alone serves.",
    )
    models_poll: float = Field(
        default=2.0, gt=0, le=3600, description="Seconds between two looks at which version was promoted."
    )
    models_keep: int = Field(default=5, ge=2, description="How many versions that served are kept.")
    databases: dict[str, Place] = Field(
        default={}, description="More databases by name, each with its student and the channels that ask it."
    )
    state_dir: Path = Field(
        default_factory=lambda: Path.home() / ".mynah", description="Where Mynah keeps what it makes itself."
    )
    state_url: SecretStr | None = Field(
        default=None, description="The state database, a SQLAlchemy URL. Default: a SQLite file in state_dir."
    )
    today: date | None = Field(default=None, description="Answer as if it were this day. Default: the machine's date.")
    rows: int = Field(default=1000, ge=1, le=100_000, description="Rows of a result at the most.")
    seconds: float = Field(default=10.0, gt=0, le=600, description="Seconds that one query may run.")
    bytes: int = Field(default=10_000_000, ge=1_000, description="Bytes of a result at the most.")
    cell: int = Field(default=2_000, ge=10, description="Characters of one cell at the most.")
    beam: int = Field(default=4, ge=1, le=16, description="How many candidates the student keeps while it writes.")
    threads: int = Field(
        default=1, ge=1, le=64, description="CPU threads of the student; more help only a far larger one."
    )
    threshold: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Confidence below which the bot is unsure. Default: the student's calibration says.",
    )
    teacher_url: str | None = Field(
        default=None, description="A vLLM server of the teacher. Default: training starts one itself."
    )
    teacher_states_url: str | None = Field(
        default=None, description="A vLLM pooling server of the same model, for its hidden states."
    )
    teacher_key: SecretStr | None = Field(default=None, description="The key that those servers ask for.")
    teacher_model: str = Field(
        default="Qwen/Qwen2-7B-Instruct", description="The teacher's model: a name the server knows, or a directory."
    )
    teacher_style: Literal["instruct", "student"] = Field(
        default="instruct", description="What the teacher reads: instructions, or the student's own prompt."
    )
    teacher_python: Path = Field(
        default=ROOT / ".venv-vllm" / "bin" / "python", description="The Python of vLLM's own environment."
    )
    teacher_arguments: str = Field(default="", description="More arguments for a vLLM server that is started here.")
    user_rate: int = Field(default=10, ge=1, description="Questions that one person may ask in chat in a minute.")
    channel_rate: int = Field(default=30, ge=1, description="Questions that one chat channel may ask in a minute.")
    teams_app_id: str = Field(default="", description="The Microsoft app id of the Teams bot.")
    teams_app_password: SecretStr | None = Field(default=None, description="The client secret of that app.")
    teams_tenants: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="The tenants whose people may ask in Teams; the first is the one that has the app."
    )
    teams_service_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("https://smba.trafficmanager.net/",), description="The services of Teams that answers may be sent to."
    )
    teams_issuer: str = Field(
        default="https://api.botframework.com", description="Who signs the requests that come from Teams."
    )
    teams_keys_url: str = Field(
        default="https://login.botframework.com/v1/.well-known/openidconfiguration",
        description="Where the keys of that issuer are published.",
    )
    teams_report: str = Field(default="", description="The Teams conversation that nightly reports are posted to.")
    teams_local: bool = Field(
        default=False, description="Take unsigned requests from this machine: for the Agents Playground, nothing else."
    )
    public_url: str = Field(default="", description="The address that others reach this server by, for links in chat.")
    link_secret: SecretStr | None = Field(
        default=None, description="What download links are signed with. Default: a file in state_dir."
    )
    reviewers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Who may review pairs, each as `door:user`: `slack:U012AB3CD`, `teams:1f0e8a52-…`."
    )
    review_tokens: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Who may review on the web page: names, each with a token of 16 characters or more.",
    )
    named_doors: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("slack", "teams"),
        description="Doors that know who people are: only there do two users count as two people.",
    )
    pairs_per_user: int = Field(
        default=20, ge=0, description="Pairs of one user and day that are admitted without a reviewer, at the most."
    )
    pairs_per_channel: int = Field(
        default=100, ge=0, description="Pairs of one channel and day that are admitted without a reviewer, at the most."
    )
    live_teacher: bool = Field(
        default=False, description="Ask the teacher at teacher_url too where the student is unsure."
    )
    live_teacher_seconds: float = Field(
        default=10.0, gt=0, le=120, description="Seconds that the teacher gets for such an answer."
    )
    nightly_recipe: Path = Field(
        default=ROOT / "demo" / "nightly.toml", description="The recipe of the nightly training."
    )
    nightly_start: Literal["incumbent", "scratch"] = Field(
        default="incumbent", description="Where a night's student starts: from the one that serves, or from nothing."
    )
    nightly_examples: Path | None = Field(
        default=None, description="Questions with gold SQL for the gate. Default: held-out ones of the synthesis."
    )
    nightly_regression: Path | None = Field(
        default=None, description="Questions that no student may lose again. Default: regression.jsonl in state_dir."
    )
    nightly_cron: str = Field(default="30 2 * * *", description="When `mynah schedule` runs the night, in cron's form.")
    nightly_timezone: str = Field(default="UTC", description="The time zone of nightly_cron.")
    nightly_grace: int = Field(
        default=14_400, ge=1, description="Seconds that a night may begin late, where nobody was awake at its time."
    )
    slack_bot_token: SecretStr | None = Field(
        default=None, description="Slack: the bot's token (xoxb-…), where one workspace has the app."
    )
    slack_app_token: SecretStr | None = Field(
        default=None, description="Slack: the app's token (xapp-…), for Socket Mode."
    )
    slack_signing_secret: SecretStr | None = Field(
        default=None, description="Slack: the app's signing secret, for HTTP at /slack/events."
    )
    slack_client_id: str | None = Field(
        default=None, description="Slack: the app's client id, for several workspaces through OAuth."
    )
    slack_client_secret: SecretStr | None = Field(default=None, description="Slack: the secret that belongs to it.")
    slack_api_url: str = Field(default="https://slack.com/api/", description="Slack: where its API is.")
    slack_report: str = Field(default="", description="The id of the Slack channel for nightly reports.")
    web_host: str = Field(default="127.0.0.1", description="Where the web door listens.")
    web_port: int = Field(default=8765, ge=0, le=65_535, description="The web door's port.")

    @field_validator("reviewers", "named_doors", "teams_tenants", "teams_service_urls", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """A variable gives a list as one text, with commas."""
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("reviewers")
    @classmethod
    def _name_doors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(all(each.partition(":")) for each in value):
            raise ValueError("each reviewer is a door, a colon and a user, such as slack:U012AB3CD")
        return value

    @field_validator("review_tokens")
    @classmethod
    def _long_tokens(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        if any(not name.strip() or len(token.get_secret_value()) < SHORTEST_TOKEN for name, token in value.items()):
            raise ValueError(f"each reviewer has a name and a token of {SHORTEST_TOKEN} characters or more")
        return value

    @field_validator("live_teacher")
    @classmethod
    def _live_teacher_is_somewhere(cls, value: bool, others: ValidationInfo) -> bool:
        if value and not others.data.get("teacher_url"):
            raise ValueError("it needs teacher_url, a server that runs all the time")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code wins over the environment, and that over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator("databases")
    @classmethod
    def _one_each(cls, databases: dict[str, Place]) -> dict[str, Place]:
        channels = [channel for place in databases.values() for channel in place.channels]
        twice = sorted({channel for channel in channels if channels.count(channel) > 1})
        if twice:
            raise ValueError(f"the channel {twice[0]} asks two databases")
        if bad := [name for name in databases if not 0 < len(name) <= 64]:
            raise ValueError(f"a name has 1 to 64 characters, not {len(bad[0])}")
        return databases

    def database_of(self, door: str, channel: str) -> str:
        """The name of the database that a door's channel asks; "" for the main one."""
        wanted = f"{door}:{channel}"
        return next((name for name, place in self.databases.items() if wanted in place.channels), "")

    def at(self, name: str) -> Settings:
        """The settings for one of `databases`; these ones for ""."""
        if not name:
            return self
        place = self.databases[name]
        own = {field: getattr(place, field) for field in Place.model_fields if field != "channels"}
        return self.model_copy(update=own | {"databases": {}, "models_url": None})

    @property
    def regression_file(self) -> Path:
        """The questions that no student may lose again."""
        return self.nightly_regression or self.state_dir / "regression.jsonl"

    @property
    def store_url(self) -> str:
        """The state database's URL."""
        if self.state_url is not None:
            return self.state_url.get_secret_value()
        return f"sqlite:///{self.state_dir / 'state.db'}"


def load_settings(**overrides: Any) -> Settings:
    """The settings. Raises ConfigError naming every setting that is wrong, never its value."""
    _reject_typos()
    try:
        return Settings(**{k: v for k, v in overrides.items() if v is not None})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise ConfigError(f"These settings are wrong (mynah.toml or MYNAH_*): {faults}") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"mynah.toml cannot be read: {error}") from error


def _reject_typos() -> None:
    """A variable that sets nothing would otherwise be passed over in silence."""
    prefix = Settings.model_config.get("env_prefix", "")
    known = [prefix + name.upper() for name in Settings.model_fields]
    for name in sorted(os.environ):
        if name.upper().startswith(prefix) and name.upper() not in known:
            close = difflib.get_close_matches(name.upper(), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise ConfigError(f"There is no setting for the variable {name}{hint}")

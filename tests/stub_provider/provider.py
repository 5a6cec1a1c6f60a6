"""The provider as the plugin library sees it: resources, data sources, errors turned into diagnostics."""

from __future__ import annotations

from typing import Any

from tf.types import Unknown

from tests.stub_provider.api import Api, ApiFailure
from tests.stub_provider.resources import KINDS, Kind
from tests.stub_provider.schema import Fields, build, documented

_PREFIX = "genesyscloud_"


class GenesysCloud:
    """One provider process."""

    def __init__(self) -> None:
        self.api: Api | None = None

    def full_name(self) -> str:
        return "registry.terraform.io/mypurecloud/genesyscloud"

    def get_model_prefix(self) -> str:
        return _PREFIX

    def get_provider_schema(self, diags: Any) -> Any:
        return build(documented()["provider"], {})

    def validate_config(self, diags: Any, config: Fields) -> None:
        size = config.get("token_pool_size")
        if isinstance(size, int) and not 1 <= size <= 50:
            diags.add_error("token_pool_size must be from 1 to 50", path=["token_pool_size"])

    def configure_provider(self, diags: Any, config: Fields) -> None:
        try:
            self.api = Api(config)
        except (ApiFailure, OSError) as error:
            diags.add_error("the Genesys Cloud API cannot be used", str(error))

    def get_resources(self) -> list[Any]:
        return [Resource(self, kind) for kind in KINDS]

    def get_data_sources(self) -> list[Any]:
        return [DataSource(self, kind) for kind in KINDS]

    def get_functions(self) -> list[Any]:
        return []

    # the library would make one from a class for each call; ours keep nothing
    def new_resource(self, made: Any) -> Any:
        return made

    new_data_source = new_resource

    def connected(self) -> Api:
        """The API. ApiFailure where the provider was not configured."""
        if self.api is None:
            raise ApiFailure(0, "the provider is not configured")
        return self.api


class Resource:
    """A resource type; states go through the library as plain dictionaries."""

    def __init__(self, provider: GenesysCloud, kind: Kind) -> None:
        self._provider, self._kind = provider, kind

    def get_name(self) -> str:
        return self._kind.name

    def get_schema(self) -> Any:
        node = documented()["resources"][_PREFIX + self._kind.name]
        return build(node, dict(self._kind.defaults))

    def validate(self, diags: Any, type_name: str, config: Fields) -> None:
        for name, value in config.items():
            if value not in (None, []) and name not in self._kind.carried:
                words = "it cannot be set" if name == "id" else "this stand-in does not carry it: teach it first"
                diags.add_error(f"{type_name}.{name}", words, path=[name])
        if wrong := self._kind.rule(config):
            diags.add_error(f"{type_name} is not valid", wrong)

    def create(self, ctx: Any, planned: Fields) -> Fields | None:
        return self._try(ctx, lambda api: self._kind.create(api, planned))

    def read(self, ctx: Any, current: Fields) -> Fields | None:
        return self._try(ctx, lambda api: self._kind.read(api, current), gone_is_fine=True)

    def update(self, ctx: Any, current: Fields, planned: Fields) -> Fields | None:
        return self._try(ctx, lambda api: self._kind.change(api, current, planned)) or current

    def delete(self, ctx: Any, current: Fields) -> Fields | None:
        before = len(ctx.diagnostics.diagnostics)
        self._try(ctx, lambda api: self._kind.delete(api, current), gone_is_fine=True)
        return current if len(ctx.diagnostics.diagnostics) > before else None

    def plan(self, ctx: Any, current: Fields, planned: Fields) -> Fields:
        return self._kind.foresee(current, planned)

    def upgrade(self, ctx: Any, version: int, old: Fields) -> Fields:
        return old

    def _try(self, ctx: Any, work: Any, *, gone_is_fine: bool = False) -> Fields | None:
        try:
            state: Fields | None = work(self._provider.connected())
        except ApiFailure as failure:
            if not (gone_is_fine and failure.status == 404):
                ctx.diagnostics.add_error(f"{ctx.type_name} failed", str(failure))
            return None
        except OSError as error:
            ctx.diagnostics.add_error(f"{ctx.type_name} failed", f"no answer: {error}")
            return None
        if state is None:
            return None
        return {name: None if value is Unknown else value for name, value in state.items()}


class DataSource:
    """Finds one by its exact name (a flow also by its type)."""

    def __init__(self, provider: GenesysCloud, kind: Kind) -> None:
        self._provider, self._kind = provider, kind

    def get_name(self) -> str:
        return self._kind.name

    def get_schema(self) -> Any:
        return build(documented()["data_sources"][_PREFIX + self._kind.name], {})

    def validate(self, diags: Any, type_name: str, config: Fields) -> None:
        if config.get("id") is not None:
            diags.add_error(f"{type_name}.id cannot be set", path=["id"])

    def read(self, ctx: Any, config: Fields) -> Fields | None:
        wanted = {name: config[name] for name in ("name", "type") if config.get(name)}
        try:
            page = self._provider.connected().call("GET", self._kind.path, query=wanted | {"pageSize": "100"})
        except (ApiFailure, OSError) as error:
            ctx.diagnostics.add_error(f"{ctx.type_name} failed", str(error))
            return None
        for item in page["entities"]:
            if all(item.get(name) == value for name, value in wanted.items()):
                return config | {"id": item["id"]}
        ctx.diagnostics.add_error(f"no {self._kind.name} found with name {config['name']!r}")
        return None

"""The whole deployment on one machine: the root module applied by the real Terraform to an AWS that enforces IAM.

Genesys Cloud's provider is the stand-in of tests/stub_provider, its API and the platforms are the sandbox's simulators.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import boto3
import requests

from sandbox.simulators.genesys.simulator import GenesysSimulator
from sandbox.simulators.instagram.simulator import InstagramSimulator
from sandbox.simulators.tiktok.simulator import TikTokSimulator
from sandbox.stage import emulator
from sandbox.stage.aws import REGION, free_port
from sandbox.stage.clock import Clock
from sandbox.stage.faults import Faults
from sandbox.stage.web import Answer, Call, WebServer
from tests.stub_provider.__main__ import REPOSITORY, configuration, install

INSTAGRAM = "17841400000000001"
TIKTOK = "-000Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0"
SECRETS = {
    "meta": "deployed-meta-app-secret",
    "verify": "deployed-verify-token",
    "tiktok": "deployed-tiktok-app-secret",
    "genesys": "deployed-genesys-webhook-secret",
    "shared": "deployed-former-webhook-secret",
    "runtime": "deployed-runtime-client-secret",
    "terraform": "deployed-terraform-client-secret",
}
SERVICES = (
    "apigateway", "dynamodb", "iam", "kms", "lambda", "logs", "s3", "scheduler", "secretsmanager", "sns", "sqs", "sts",
    "wafv2",
)  # fmt: skip
TAGS = {"cost-centre": "4711", "owner": "contact centre"}
PATH = "/dmdesk/"  # so that the roles match what terraform/policies names
# the services that a role of the company's may use at all
BOUNDARY = ("connect", "dynamodb", "ec2", "kms", "lambda", "logs", "s3", "secretsmanager", "sns", "sqs")
# who runs Terraform, with what terraform/policies grants and no more
DEPLOYER, POLICIES = "deployer", REPOSITORY / "terraform" / "policies"
# the root user of MiniStack's IAM
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
PATIENCE_S = 90.0


class Deployment:
    """Started, applied, used, destroyed, stopped: in that order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "package"
        self.used = folder / "permissions.txt"
        self.aws = f"http://127.0.0.1:{free_port()}"
        self.cloudwatch = f"http://127.0.0.1:{free_port()}"
        clock, faults = Clock(), Faults()
        self.clock, self.faults = clock, faults
        self.genesys = GenesysSimulator(clock, faults)
        self.instagram = InstagramSimulator(clock, faults)
        self.tiktok = TikTokSimulator(clock, faults)
        self.front = WebServer(self._forward)
        self.outputs: dict[str, Any] = {}
        self.keys: dict[str, str] = {}
        self.company: dict[str, Any] = {}
        self._changed: dict[str, Any] = {}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._logs: list[IO[bytes]] = []
        self._session = boto3.session.Session("test", "test", region_name=REGION)

    def start(self) -> None:
        """The clouds, still empty."""
        environment = {
            **os.environ, **CREDENTIALS, **emulator.environment(int(self.aws.rpartition(":")[2]), REGION),
            "IAM_USED": str(self.used),
        }  # fmt: skip
        self._spawn("aws", [sys.executable, "-m", "tests.deploy.aws_with_iam"], environment)
        port = self.cloudwatch.rpartition(":")[2]
        self._spawn("cloudwatch", [sys.executable, "-m", "tests.deploy.cloudwatch", port], environment)
        self.genesys.add_client("terraform", SECRETS["terraform"])
        self.genesys.add_client("runtime", SECRETS["runtime"])
        for server in (self.genesys, self.instagram, self.tiktok, self.front):
            server.start()
        self.until(lambda: _serves(f"{self.aws}/_ministack/health"), "the embedded AWS")
        self.until(lambda: _serves(f"{self.cloudwatch}/moto-api/"), "the embedded CloudWatch")
        self.keys = self._deployer()

    def stop(self) -> None:
        """Ends every process and thread."""
        for server in (self.front, self.instagram, self.tiktok, self.genesys):
            server.stop()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(20)
        for log in self._logs:
            log.close()

    def prepare(self) -> None:
        """Writes the root module that a customer would write."""
        install(self.folder / "mirror")
        (self.folder / "terraformrc").write_text(configuration(self.folder / "mirror"), encoding="utf-8")
        self.company = self.company or self._company()
        (self.folder / "main.tf").write_text(self._root(), encoding="utf-8")
        self.terraform("init", "-input=false")

    def apply(self) -> None:
        """Writes it, and applies it."""
        self.prepare()
        self.terraform("apply", "-auto-approve", "-input=false")
        self.read_outputs()

    def read_outputs(self) -> None:
        """As they are since the last apply."""
        self.outputs = json.loads(self.terraform("output", "-json"))["all"]["value"]

    def change(self, **inputs: Any) -> None:
        """Applies the same root module again, with these inputs changed from now on."""
        self._changed |= inputs
        (self.folder / "main.tf").write_text(self._root(), encoding="utf-8")
        self.terraform("apply", "-auto-approve", "-input=false")

    def planned(self, **inputs: Any) -> list[dict[str, Any]]:
        """What would change over the state as it stands, by the state alone, with these inputs changed."""
        self._changed |= inputs
        (self.folder / "main.tf").write_text(self._root(), encoding="utf-8")
        self.terraform("plan", "-refresh=false", "-input=false", "-out=planned")
        changes: list[dict[str, Any]] = json.loads(self.terraform("show", "-json", "planned"))["resource_changes"]
        return changes

    def terraform(self, *arguments: str, code: int = 0) -> str:
        """Runs Terraform, expecting that exit code; answers its output."""
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
            "TF_CLI_CONFIG_FILE": str(self.folder / "terraformrc"),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "GENESYSCLOUD_OAUTHCLIENT_ID": "terraform",
            "GENESYSCLOUD_OAUTHCLIENT_SECRET": SECRETS["terraform"],
        }
        ran = subprocess.run(
            ["terraform", *arguments] if arguments[0] in {"output", "show"} else ["terraform", *arguments, "-no-color"],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert ran.returncode == code, ran.stdout[-6000:] + ran.stderr[-6000:]
        return ran.stdout

    def connect_platforms(self) -> None:
        """What the operator pastes into the consoles."""
        webhook = f"{self.front.url}/api/social/webhook"
        self.instagram.add_account(
            INSTAGRAM, access_token="token-ig", app_secret=SECRETS["meta"], webhook_url=webhook, username="acme"
        )
        self.tiktok.add_account(
            TIKTOK, app_id="7600", app_secret=SECRETS["tiktok"], access_token="token-tt", refresh_token="refresh-tt",
            webhook_url=webhook, username="acme",
        )  # fmt: skip

    def client(self, service: str) -> Any:
        """A client of the embedded AWS with every right."""
        make: Any = self._session.client
        return make(service, endpoint_url=self.aws)

    def taken(self, kind: str = "message") -> list[dict[str, Any]]:
        """What Genesys accepted, oldest first."""
        return [call for call in self.genesys.messages() if call["kind"] == kind and call["status"] == 200]

    def parked(self, prefix: str = "") -> list[str]:
        """The keys of what lies in the bucket under parked/, in order."""
        held = self.client("s3").list_objects_v2(Bucket=self.outputs["aws"]["bucket_name"], Prefix=f"parked/{prefix}")
        return [one["Key"] for one in held.get("Contents", [])]

    def status_of(self, reply: str) -> str:
        """What Genesys was told of an agent's reply, once it was."""

        def told() -> list[str]:
            return [call["body"]["status"] for call in self.taken("receipt") if call["body"]["id"] == reply]

        self.until(told, f"the receipt of {reply}")
        return told()[0]

    def until(self, holds: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
        """Waits for what must come."""
        deadline = time.monotonic() + patience_s
        while not holds():
            assert time.monotonic() < deadline, f"{what} did not come; logs are in {self.folder}"
            time.sleep(0.1)

    def waiting(self) -> dict[str, int]:
        """Messages in each queue, in flight included."""
        urls = {**self.outputs["aws"]["queue_urls"]}
        urls |= {f"{name} dead letters": url for name, url in self.outputs["aws"]["dead_letter_urls"].items()}
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs = self.client("sqs")
        told = {
            name: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            for name, url in urls.items()
        }
        return {name: sum(int(count) for count in counts.values()) for name, counts in told.items()}

    def left(self) -> dict[str, list[Any]]:
        """What is still there after a destroy."""
        kms = self.client("kms")
        keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
        return {
            "queues": self.client("sqs").list_queues().get("QueueUrls", []),
            "functions": self.client("lambda").list_functions()["Functions"],
            "mappings": self.client("lambda").list_event_source_mappings()["EventSourceMappings"],
            "roles": self.client("iam").list_roles()["Roles"],
            "tables": self.client("dynamodb").list_tables()["TableNames"],
            "buckets": self.client("s3").list_buckets()["Buckets"],
            "secrets": self.client("secretsmanager").list_secrets()["SecretList"],
            "log groups": self.client("logs").describe_log_groups()["logGroups"],
            "APIs": self.client("apigateway").get_rest_apis()["items"],
            "topics": self.client("sns").list_topics()["Topics"],
            "schedules": self.client("scheduler").list_schedules()["Schedules"],
            "keys": [key for key in keys if key["KeyState"] != "PendingDeletion"],
        }

    def noted(self) -> list[tuple[str, str, str, list[str]]]:
        """Every permission that was granted since the start: to whom, the action, on what, and the partition keys."""
        lines = self.used.read_text(encoding="utf-8").splitlines()
        return [(principal, action, resource, keys) for principal, action, resource, keys in map(json.loads, lines)]

    def _deployer(self) -> dict[str, str]:
        """Makes the user that runs Terraform; answers the access key."""
        iam = self.client("iam")
        iam.create_user(UserName=DEPLOYER)
        for policy in sorted(POLICIES.glob("deployer*.json")):
            document = policy.read_text(encoding="utf-8")
            arn = iam.create_policy(PolicyName=policy.stem, PolicyDocument=document)["Policy"]["Arn"]
            iam.attach_user_policy(UserName=DEPLOYER, PolicyArn=arn)
        made: dict[str, str] = iam.create_access_key(UserName=DEPLOYER)["AccessKey"]
        return made

    @property
    def stage(self) -> str:
        """The API's own address."""
        return f"{self.aws}/restapis/{self.outputs['aws']['api_id']}/{self.outputs['aws']['stage']}/_user_request_"

    def _spawn(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        log = (self.folder / f"{name}.log").open("wb")
        self._logs.append(log)
        self._processes.append(
            subprocess.Popen(
                command, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )
        )  # fmt: skip

    def _forward(self, call: Call) -> Answer:
        """The public address, known before the API is: every byte goes to the deployed stage as it came."""
        kept = {name: value for name, value in call.headers.items() if name.lower() not in {"host", "content-length"}}
        answer = requests.request(
            call.method, self.stage + call.path, params=call.query, data=call.body, headers=kept, timeout=60,
            allow_redirects=False,
        )  # fmt: skip
        kind = answer.headers.get("Content-Type", "text/plain")
        passed = {name: answer.headers[name] for name in ("Location", "Cache-Control") if name in answer.headers}
        return Answer(answer.status_code, answer.content, passed, kind)

    def _company(self) -> dict[str, Any]:
        """What the company has made before, and wants to be kept to."""
        statement = {"Effect": "Allow", "Action": [f"{service}:*" for service in BOUNDARY], "Resource": "*"}
        bounds = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        boundary = self.client("iam").create_policy(PolicyName="boundary", PolicyDocument=bounds)["Policy"]["Arn"]
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(VpcId=vpc, GroupName="desk", Description="dmdesk")["GroupId"]
        return {
            "tags": TAGS,
            "role_path": PATH,
            "role_permissions_boundary": boundary,
            "kms_key": {"create": True},
            "vpc": {"subnet_ids": [subnet], "security_group_ids": [group]},
        }

    def _inputs(self) -> dict[str, Any]:
        """What a customer would give the root module."""
        account_tokens = {
            "acme_ig": {"access_token": "token-ig"},
            "acme_tt": {"access_token": "token-tt", "refresh_token": "refresh-tt"},
        }
        return {
            "source": str(REPOSITORY / "terraform"),
            "package": str(self.package / "dmdesk.zip"),
            "genesys_region": "eu-west-1",
            "genesys_urls": {"api": self.genesys.url, "login": self.genesys.url},
            "public_url": self.front.url,
            "media_hosts": [self.instagram.url, self.tiktok.url, self.genesys.url],
            "vendors": {
                "instagram_graph": self.instagram.url,
                "facebook_graph": self.instagram.url,
                "tiktok_api": self.tiktok.url,
            },
            "desk_edge": {"reserved_concurrency": 5},
            # so few that a test need not be fast to have more
            "throttling": {"routes": {"handshakes": {"rate": 1, "burst": 5}}},
            "waf": {"acl": "own"},
            "deletion_protection": False,
            "secret_recovery_days": 0,
            "accounts": {
                "acme_ig": {
                    "channel": "instagram",
                    "id": INSTAGRAM,
                    "name": "acme",
                    "closing": "raise",
                    "reconcile": True,
                },
                "acme_tt": {"channel": "tiktok", "id": TIKTOK, "name": "acme"},
            },
            "instagram": {"app_secrets": [SECRETS["meta"]], "verify_tokens": [SECRETS["verify"]]},
            "tiktok": {"app_id": "7600", "app_secrets": [SECRETS["tiktok"]]},
            "genesys_webhook_secret": SECRETS["genesys"],
            "genesys_webhook_former_secrets": [SECRETS["shared"]],
            "genesys_oauth_clients": [{"id": "runtime", "secret": SECRETS["runtime"]}],
            "genesys_oauth_client_ids": ["runtime"],
            "account_tokens": account_tokens,
            "ops_command": f"{sys.executable} -m ops",
        } | self.company

    def _root(self) -> str:
        """The root module that a customer would write, with the providers of this machine."""
        inputs = self._inputs() | self._changed
        endpoints = "\n".join(f'    {name} = "{self.aws}"' for name in SERVICES)
        given = "\n".join(f"  {name} = {json.dumps(value, ensure_ascii=False)}" for name, value in inputs.items())
        gateway = f'protocol = "http"\n    host = "127.0.0.1"\n    port = "{self.genesys.url.rpartition(":")[2]}"'
        return f"""
terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws" }}
    genesyscloud = {{ source = "mypurecloud/genesyscloud" }}
  }}
}}
provider "genesyscloud" {{
  token_pool_size = 2
  gateway {{
    {gateway}
  }}
}}
provider "aws" {{
  region = "{REGION}"
  access_key = "{self.keys["AccessKeyId"]}"
  secret_key = "{self.keys["SecretAccessKey"]}"
  skip_credentials_validation = true
  skip_metadata_api_check = true
  skip_requesting_account_id = true
  s3_use_path_style = true
  endpoints {{
{endpoints}
    cloudwatch = "{self.cloudwatch}"
  }}
}}
module "dmdesk" {{
{given}
}}
output "all" {{
  value = module.dmdesk
}}
"""


def _serves(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).status_code < 500
    except requests.RequestException:
        return False

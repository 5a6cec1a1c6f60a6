"""Where Genesys Cloud answers, for a terminal that knows better than its region."""

from __future__ import annotations

import click

from ops.help import Address

LOGIN_URL = click.option(
    "--login-url",
    envvar="DMDESK_GENESYS_LOGIN",
    type=Address(),
    help="Genesys Cloud's login [env: DMDESK_GENESYS_LOGIN; default: the API's host, with login. for api.].",
)
GENESYS_URL = click.option(
    "--genesys-url",
    envvar="DMDESK_GENESYS_API",
    type=Address(),
    help="Genesys Cloud's API, or a gateway to it [env: DMDESK_GENESYS_API; default: that of GENESYSCLOUD_REGION].",
)

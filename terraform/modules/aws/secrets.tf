# Secrets by name; what the functions get is the name. Values go in through write-only arguments.
locals {
  channel_secrets = keys(var.channels)
  desk_secrets    = flatten([for desk in var.desks : desk.webhook_secrets])
  webhook_secrets = concat(local.channel_secrets, local.desk_secrets)
  client_secrets  = flatten([for desk in var.desks : desk.client_secrets])
  shared_secrets  = concat(local.webhook_secrets, local.client_secrets, ["media"])
  account_secrets = { for key in keys(var.accounts) : key => "account/${key}" }
  secrets         = toset(concat(local.shared_secrets, values(local.account_secrets)))
  secret_versions = { for secret in local.secrets : secret => lookup(var.secret_versions, secret, 1) }
  # An account's is named after what it is for, and not after its key, which may change. Secrets Manager takes these
  # characters in a name; of an id with others its hash stands there.
  secret_names = merge({ for secret in local.shared_secrets : secret => secret }, {
    for key, secret in local.account_secrets : secret => "account/${var.accounts[key].channel}/${
      can(regex("^[A-Za-z0-9_+=.@-]+$", var.accounts[key].id)) ? var.accounts[key].id : sha256(var.accounts[key].id)
    }"
  })
}

locals {
  # What links to media are signed with: two random UUIDs, 244 bits. They exist during an apply only, and are kept only
  # where the secret is made or its version is raised.
  media_key     = jsonencode({ keys = ["${uuid()}${uuid()}"] })
  secret_values = merge(var.secrets, { media = local.media_key })
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV_AWS_149:var.kms_key encrypts it where there is one, else AWS's own key; the roles' policies name each secret
  #checkov:skip=CKV2_AWS_57:tokens are renewed by the upkeep, what we make up is rotated by secret_versions, the rest is the platforms' to issue
  for_each                = local.secrets
  name                    = "${var.name}/${local.secret_names[each.key]}"
  description             = "dmdesk: ${each.key}"
  recovery_window_in_days = var.secret_recovery_days
  kms_key_id              = local.key_arn
  tags                    = var.tags

  lifecycle {
    # A secret keeps the name that it was made under: another one would be another secret, without the tokens that were
    # renewed. Everything reads the name from here.
    ignore_changes = [name]
  }
}

resource "aws_secretsmanager_secret_version" "this" {
  for_each  = local.secrets
  secret_id = aws_secretsmanager_secret.this[each.key].id
  # where a value comes later, the functions find an object without it and say what is missing
  secret_string_wo         = lookup(local.secret_values, each.key, "{}")
  secret_string_wo_version = local.secret_versions[each.key]
  # A version without a label is deleted by AWS once others follow, and Terraform would write it again: an old token
  # over a renewed one. The second label keeps what Terraform wrote.
  # One of its own, as a label is one version's at a time: the next version would take it, and this one's deletion, which
  # takes it away first, would be refused.
  version_stages = ["AWSCURRENT", "terraform-${local.secret_versions[each.key]}"]

  lifecycle {
    # AWSCURRENT moves on when a token is renewed or a value is put by hand
    ignore_changes = [version_stages]
    precondition {
      condition     = local.secret_versions[each.key] == 1 || contains(keys(local.secret_values), each.key)
      error_message = "The version of the secret ${each.key} was raised, but no value is given: it would be emptied."
    }
  }
}

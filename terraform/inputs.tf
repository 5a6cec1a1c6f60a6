# What is given is looked at before anything is made of it: objects and accounts by modules/inputs, whose table says what
# they may hold; secrets part by part, as a message about one must not depend on its value. One object more is a variable
# of type `any`, its line here, and its fields in modules/inputs/fields.tf.
module "inputs" {
  source = "./modules/inputs"

  settings = {
    genesys_urls = var.genesys_urls
    queue        = var.queue
    flow         = var.flow
    edge         = var.edge
    workers      = var.workers
    throttling   = var.throttling
    retention    = var.retention
    alarms       = var.alarms
    closing      = var.closing
  }
  accounts = var.accounts
  channels = { for name, channel in local.channels : name => { id = channel.id, logins = channel.logins } }
  desks    = keys(local.desks)
}

module "secret" {
  source   = "./modules/secret"
  for_each = { for part in local.secret_parts : "${part.of}.${part.name}" => part }

  name  = each.key
  kind  = each.value.kind
  given = try(local.given_secrets[each.value.of][each.value.name], null)
}

locals {
  settings = module.inputs.checked.settings
  accounts = module.inputs.checked.accounts

  # what an account's secret holds at first; the bridge writes more
  token_parts = ["access_token", "refresh_token", "expires_at", "refresh_expires_at"]

  secret_parts = concat(
    flatten([
      for channel, fact in local.channels : [
        for name in values(fact.secret) :
        { of = channel, name = name, kind = lookup({ app_secrets = "keys", verify_tokens = "words" }, name, "word") }
      ]
    ]),
    flatten([
      for key in keys(local.accounts) : [for name in local.token_parts : { of = "account_tokens.${key}", name = name, kind = "word" }]
    ]),
    [
      { of = "genesys_oauth_clients", name = "id", kind = "words" },
      { of = "genesys_oauth_clients", name = "secret", kind = "keys" },
      { of = "genesys_webhook", name = "secret", kind = "key" },
      { of = "genesys_webhook", name = "former_secrets", kind = "lines" },
    ],
  )
  given_secrets = merge(
    local.app_secrets,
    { for key in keys(local.accounts) : "account_tokens.${key}" => try(var.account_tokens[key], null) },
    {
      genesys_oauth_clients = var.genesys_oauth_clients == null ? null : {
        for name in ["id", "secret"] : name => [for client in var.genesys_oauth_clients : try(client[name], "")]
      }
      genesys_webhook = { secret = var.genesys_webhook_secret, former_secrets = var.genesys_webhook_former_secrets }
    },
  )
}

# What is given is looked at before anything is made of it: objects and accounts by modules/inputs, whose table says what
# they may hold; secrets part by part, as a message about one must not depend on its value. One object more is a variable
# of type `any`, its line here, and its fields in modules/inputs/fields.tf.
module "inputs" {
  source = "./modules/inputs"

  settings = merge({
    genesys_urls = var.genesys_urls
    queue        = var.queue
    flow         = var.flow
    edge         = var.edge
    workers      = var.workers
    throttling   = var.throttling
    desk_edge    = var.desk_edge
    waf          = var.waf
    retention    = var.retention
    alarms       = var.alarms
    closing      = var.closing
    }, {
    for name, given in local.optional : name => given if given != null
  })
  accounts = var.accounts
  channels = { for name, channel in local.channels : name => { id = channel.id, logins = channel.logins } }
  # desk → whether anything is said of it; elsewhere than at the first one, a variable of its name says it
  desks = { for name, desk in local.desks : name => length(desk.settings) > 0 }
}

locals {
  # objects that may be absent
  optional = {
    connect         = var.connect
    domain          = var.domain
    file_access_log = var.file_access_log
    kms_key         = var.kms_key
    alarm_topic     = var.alarm_topic
    vpc             = var.vpc
    package_s3      = var.package_s3
  }
  # what was given of them. No `try`, which answers nothing of what is not wholly known yet, such as another module's ARN
  chosen = { for name in keys(local.optional) : name => contains(keys(local.settings), name) ? local.settings[name] : null }
}

# Not by validations of the variables themselves: Terraform prints the line of the file that gave them.
module "secret_object" {
  source   = "./modules/secret_object"
  for_each = local.secret_objects

  name    = each.key
  fields  = each.value.fields
  several = each.key == "genesys_oauth_clients"
  given   = try(local.given_secrets[each.key], null)
}

module "secret" {
  source   = "./modules/secret"
  for_each = { for part in local.secret_parts : try(part.path, "${part.of}.${part.name}") => part }

  name  = each.key
  kind  = each.value.kind
  given = try(local.given_parts[each.value.of][each.value.name], null)
}

locals {
  settings = module.inputs.checked.settings
  accounts = module.inputs.checked.accounts

  # the parts of a channel's secret: what each is, and whether there is no doing without it
  channel_parts = {
    for channel, fact in local.channels : channel => {
      for name in values(fact.secret) : name => {
        kind = lookup({ app_secrets = "keys", verify_tokens = "keys" }, name, "word")
        must = !contains(try(fact.spare, []), name)
      }
    }
  }
  # what an account's secret holds at first; the bridge writes more
  token_parts = { access_token = true, refresh_token = false, expires_at = false, refresh_expires_at = false }

  secret_objects = merge(
    { for channel, parts in local.channel_parts : channel => { fields = { for name, part in parts : name => part.must } } },
    { for key in keys(local.accounts) : "account_tokens.${key}" => { fields = local.token_parts } },
    {
      channel_secrets       = { fields = { for channel in keys(local.channels) : channel => false } }
      account_tokens        = { fields = { for key in keys(local.accounts) : key => false } }
      genesys_oauth_clients = { fields = { id = true, secret = true } }
    },
  )
  secret_parts = concat(
    flatten([
      for channel, parts in local.channel_parts : [for name, part in parts : { of = channel, name = name, kind = part.kind }]
    ]),
    flatten([
      for key in keys(local.accounts) : [for name in keys(local.token_parts) : { of = "account_tokens.${key}", name = name, kind = "word" }]
    ]),
    [
      { of = "genesys_oauth_clients", name = "id", kind = "words" },
      { of = "genesys_oauth_clients", name = "secret", kind = "keys" },
      { of = "genesys_webhook", name = "secret", kind = "key", path = "genesys_webhook_secret" },
      { of = "genesys_webhook", name = "former_secrets", kind = "lines", path = "genesys_webhook_former_secrets" },
    ],
  )

  given_secrets = merge(
    local.app_secrets,
    { for key in keys(local.accounts) : "account_tokens.${key}" => try(var.account_tokens[key], null) },
    {
      channel_secrets       = var.channel_secrets
      account_tokens        = var.account_tokens
      genesys_oauth_clients = var.genesys_oauth_clients
    },
  )
  given_parts = merge(local.given_secrets, {
    genesys_oauth_clients = { for name in ["id", "secret"] : name => try([for client in var.genesys_oauth_clients : try(client[name], "")], null) }
    genesys_webhook       = { secret = var.genesys_webhook_secret, former_secrets = var.genesys_webhook_former_secrets }
  })
}

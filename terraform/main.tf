# Both clouds, joined: the API's URL goes to Genesys Cloud, the integrations' ids come back into the ledger.
# Providers are the caller's: from the environment here, in provider blocks in examples/complete.
locals {
  domains = {
    "us-east-1"      = "mypurecloud.com"
    "us-east-2"      = "use2.us-gov-pure.cloud"
    "us-west-2"      = "usw2.pure.cloud"
    "ca-central-1"   = "cac1.pure.cloud"
    "sa-east-1"      = "sae1.pure.cloud"
    "mx-central-1"   = "mxc1.pure.cloud"
    "eu-west-1"      = "mypurecloud.ie"
    "eu-west-2"      = "euw2.pure.cloud"
    "eu-central-1"   = "mypurecloud.de"
    "eu-central-2"   = "euc2.pure.cloud"
    "me-central-1"   = "mec1.pure.cloud"
    "ap-south-1"     = "aps1.pure.cloud"
    "ap-northeast-1" = "mypurecloud.jp"
    "ap-northeast-2" = "apne2.pure.cloud"
    "ap-northeast-3" = "apne3.pure.cloud"
    "ap-southeast-1" = "apse1.pure.cloud"
    "ap-southeast-2" = "mypurecloud.com.au"
    "eusc-de-east-1" = "edee1.eusc-pure.cloud"
  }
  # by what was given: what is checked knows the desks, and the desks know these
  genesys_api   = try(coalesce(var.genesys_urls.api), "https://api.${local.domains[var.genesys_region]}")
  genesys_login = try(coalesce(var.genesys_urls.login), "https://login.${local.domains[var.genesys_region]}")

  genesys_delivers_to = try(coalesce(local.settings.genesys_urls.webhook), module.aws.genesys_webhook_url)

  # Each integration signs with a secret of its own, made of the one that is given: who learns one speaks for no other
  # account. It signs with the first; the edge takes any, and the former ones as they stand, so that a change loses
  # nothing on its way.
  own_secrets = {
    for key, account in local.accounts : key => [
      for secret in concat([var.genesys_webhook_secret], var.genesys_webhook_former_secrets) :
      sha256("${secret}/${account.channel}#${account.id}")
    ] if local.desk_of[key] == "genesys"
  }
  # the trigger that tells ends speaks for every account; it is given a key that is made of this, and which tells
  # nothing else
  ending_secrets = [
    for secret in concat([var.genesys_webhook_secret], var.genesys_webhook_former_secrets) : sha256("${secret}/ends")
  ]
  webhook_secrets = jsonencode({
    secrets  = concat(local.ending_secrets, var.genesys_webhook_former_secrets)
    accounts = { for key, own in local.own_secrets : "${local.accounts[key].channel}#${local.accounts[key].id}" => own }
  })
  # This one secret both clouds must change together, so its version follows its value, of which it tells nothing.
  webhook_version = parseint(substr(terraform_data.webhook_secrets.id, 0, 7), 16) + 1

  secrets = merge(
    { "genesys-webhook" = local.webhook_secrets },
    {
      for channel, given in local.app_secrets :
      channel => jsonencode({ for field, setting in local.channels[channel].secret : field => try(given[setting], "") }) if given != null
    },
    var.genesys_oauth_clients == null ? {} : { "genesys-oauth" = jsonencode({ clients = var.genesys_oauth_clients }) },
    { for key in keys(local.accounts) : "account/${key}" => jsonencode(var.account_tokens[key]) if can(var.account_tokens[key]) },
  )

  logins = flatten([for channel in local.channels : channel.logins])

  # the channels' part of the functions' environment: as it really is, and as it is here
  vendor_versions = merge([for channel in local.channels : channel.versions]...)
  real_vendors    = merge(local.vendor_versions, [for channel in local.channels : channel.addresses]...)
  vendors         = merge(local.real_vendors, { for name, value in var.vendors : name => value if value != null })

  webhook_secret_names = flatten([for desk in local.desks : desk.webhook_secrets])
  # those whose version is a number that a person raises
  numbered_secrets = concat(keys(local.channels), flatten([for desk in local.desks : desk.client_secrets]), ["media"])

  # account key → the desk that its conversations go to
  desk_of = { for key, account in local.accounts : key => coalesce(account.desk, local.first_desk) }

  # what the functions read of an account; empty texts are left out
  items = {
    for key, account in local.accounts : key => {
      for fact, text in {
        channel = account.channel
        id      = account.id
        name    = account.name
        desk    = account.desk
        # a channel with one way to log in has none to tell
        login     = try(coalesce(account.login, local.channels[account.channel].logins[0].name), "")
        page      = account.page
        closing   = account.closing
        language  = account.language
        after_end = account.after_end
        secret    = module.aws.account_secret_names[key]
        flow      = account.flow
        # elsewhere than at Genesys Cloud a name is enough that no other account has
        integration = lookup(module.genesys.integration_ids, key, local.desk_of[key] == local.first_desk ? "" : "${local.desk_of[key]}-${key}")
      } : fact => { S = text } if text != ""
    }
  }
}

module "aws" {
  source = "./modules/aws"

  name     = var.name
  package  = var.package_s3 == null ? coalesce(var.package, "${path.module}/../build/dmdesk.zip") : null
  accounts = { for key, account in local.accounts : key => { channel = account.channel, id = account.id, thanks = contains(keys(account.front), "thanks") } }
  channels = {
    for name, channel in local.channels : name => {
      title    = channel.title
      settings = { for setting in keys(merge(channel.addresses, channel.versions)) : setting => local.vendors[setting] }
      # a channel that lacks it signs in no header that a WAF could look for
      signature_header = try(channel.signature_header, "")
    }
  }
  desks = {
    for name, desk in local.desks : name => merge(desk, {
      settings = merge(desk.settings, lookup(local.made, name, [])[*].settings...)
      fed      = one(lookup(local.made, name, [])[*].fed)
      rights   = flatten(lookup(local.made, name, [])[*].rights)
    })
  }
  front_secrets         = distinct(flatten([for account in local.accounts : [for feature in values(account.front) : try([feature.secret], [])]]))
  models                = distinct(flatten([for account in local.accounts : [for feature in values(account.front) : try([feature.model], [])]]))
  bots                  = anytrue([for account in local.accounts : can(account.front.bot)])
  public_url            = var.public_url
  media_days            = var.media_days
  retention             = local.settings.retention
  media_hosts           = var.media_hosts
  outage_minutes        = var.outage_minutes
  late_reply_minutes    = var.late_reply_minutes
  parked_return_hours   = var.parked_return_hours
  environment           = var.environment
  edge                  = local.settings.edge
  workers               = local.settings.workers
  throttling            = local.settings.throttling
  desk_edge             = local.settings.desk_edge
  domain                = local.chosen.domain
  waf                   = local.settings.waf
  allowed_addresses     = var.allowed_addresses
  file_access_log       = local.chosen.file_access_log
  api_gateway_logs_role = var.api_gateway_logs_role
  log_retention_days    = var.log_retention_days
  deletion_protection   = var.deletion_protection
  secret_recovery_days  = var.secret_recovery_days
  secrets               = local.secrets
  secret_versions       = merge(var.secret_versions, { "genesys-webhook" = local.webhook_version })
  alarms                = local.settings.alarms
  closing               = local.settings.closing
  scan                  = var.scan
  scan_seconds          = var.scan_seconds
  scan_without_verdict  = var.scan_without_verdict
  scan_unscannable      = var.scan_unscannable

  tags                      = var.tags
  role_permissions_boundary = var.role_permissions_boundary
  role_path                 = var.role_path
  kms_key                   = local.chosen.kms_key
  alarm_topic               = local.chosen.alarm_topic
  vpc                       = local.chosen.vpc
  package_s3                = local.chosen.package_s3
  code_signing_config_arn   = var.code_signing_config_arn
}

module "genesys" {
  source = "./modules/genesys"

  name            = var.name
  webhook_url     = local.genesys_delivers_to
  webhook_secrets = { for key, own in local.own_secrets : key => own[0] }
  ending_secret   = local.ending_secrets[0]
  channels        = { for name, channel in local.channels : name => channel.title }
  accounts = {
    for key, account in local.accounts :
    key => { channel = account.channel, id = account.id, name = account.name } if local.desk_of[key] == "genesys"
  }
  oauth_client_ids    = var.genesys_oauth_client_ids
  queue               = local.settings.queue
  flow                = local.settings.flow
  division            = var.division
  late_reply          = var.late_reply
  late_after_hours    = var.late_after_hours
  priority            = var.priority
  raises              = anytrue([for key, account in local.accounts : account.closing == "raise" if local.desk_of[key] == "genesys"])
  identity_resolution = var.identity_resolution
  conversation_end    = var.conversation_end
  ops_command         = var.link == "none" ? "true" : var.ops_command # which does nothing, whatever it is told to do
  base_url            = local.genesys_api
  login_url           = can(coalesce(var.genesys_urls.api)) ? try(coalesce(var.genesys_urls.login), "") : local.genesys_login
}

module "connect" {
  source = "./modules/connect"
  count  = local.chosen.connect == null ? 0 : 1

  name    = var.name
  region  = module.aws.region
  connect = local.chosen.connect
  # conversations stay there until they end, whichever desk an account names by now
  account_flows    = [for account in local.accounts : account.flow if account.flow != ""]
  queue_arn        = module.aws.fed_queue_arns["connect"]
  dead_letters_arn = module.aws.fed_dead_letter_arns["connect"]
  key_arn          = module.aws.key_arn
  tags             = var.tags
}

# A new one, with an id of its own, whenever the webhooks' secrets change.
resource "terraform_data" "webhook_secrets" {
  triggers_replace = sha256(local.webhook_secrets)
}

# The accounts as the functions find them, from either side.
resource "aws_dynamodb_table_item" "account" {
  for_each   = local.accounts
  table_name = module.aws.table_name
  hash_key   = module.aws.table_keys.hash
  range_key  = module.aws.table_keys.range
  item = jsonencode(merge(local.items[each.key], {
    (module.aws.table_keys.hash)  = { S = "ACCOUNT" }
    (module.aws.table_keys.range) = { S = "${each.value.channel}#${each.value.id}" }
    human_agent                   = { BOOL = each.value.human_agent }
    notices                       = { BOOL = each.value.notices }
    mark_seen                     = { BOOL = each.value.mark_seen }
    show_reads                    = { BOOL = each.value.show_reads }
    reconcile                     = { BOOL = each.value.reconcile }
    outage_reply                  = { BOOL = each.value.outage_reply }
    }, {
    for name, text in { outage_text = each.value.outage_text } : name => { S = text } if text != ""
    }, {
    for name, wanted in { flow_texts = each.value.flow_texts } : name => { BOOL = true } if wanted
    }, {
    for name, seconds in { fold_s = each.value.fold_s } : name => { N = tostring(seconds) } if seconds > 0
    }, {
    # a structure, as JSON: what is off is absent
    for name, features in { front = each.value.front } : name => { S = jsonencode(features) } if length(features) > 0
    }, {
    for name, ids in { former_integrations = each.value.former_integrations } : name => { SS = sort(ids) } if length(ids) > 0
  }))
}

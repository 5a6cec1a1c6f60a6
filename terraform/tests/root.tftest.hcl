# Both clouds joined, with neither of them there.
mock_provider "aws" {
  source = "./modules/aws/tests"
}

mock_provider "genesyscloud" {
  override_during = plan
}

variables {
  package                = "tests/fixtures/dmdesk.zip"
  genesys_region         = "eu-west-1"
  genesys_webhook_secret = "webhook-webhook-webhook"
  accounts = {
    acme_ig   = { channel = "instagram", id = "17841400000000001", name = "acme" }
    acme_page = { channel = "instagram", id = "17841400000000002", login = "facebook", page = "100000000000002", human_agent = true, language = "es", notices = false, mark_seen = false, show_reads = true, reconcile = true, outage_reply = true, outage_text = "We will be back.", fold_s = 5, front = { guards = { loops = "hold", rules = null }, thanks = { comments = true, story_texts = { en = "Thanks!" }, zone = null }, triage = { intents = { order = "where is it" }, model = "amazon.nova-micro-v1:0", priorities = { high = 900 } }, bot = { model = "amazon.nova-lite-v1:0", links = ["tea.example"], hours = { mon = "08:00-18:00" } } }, former_integrations = ["int-2", "int-1"] }
    acme_tt   = { channel = "tiktok", id = "-000Ab1Cd", closing = "raise" }
  }
  # terraform test takes no default of an ephemeral variable
  instagram             = { app_secrets = ["meta-app-secret"], verify_tokens = ["verify-token-0001"] }
  tiktok                = { app_secrets = ["tiktok-app-secret"], app_id = "7000000000000000001" }
  genesys_oauth_clients = [{ id = "client", secret = "client-secret" }] # checkov:skip=CKV_SECRET_6:made up
  channel_secrets       = {}
  account_tokens        = { acme_ig = { access_token = "token" } }
  # what attaches the flow is the command line's own test
  ops_command = "true"
}

run "account_items_are_what_the_functions_read" {
  assert {
    condition = jsondecode(aws_dynamodb_table_item.account["acme_page"].item) == {
      pk          = { S = "ACCOUNT" }
      sk          = { S = "instagram#17841400000000002" }
      channel     = { S = "instagram" }
      id          = { S = "17841400000000002" }
      login       = { S = "facebook" }
      page        = { S = "100000000000002" }
      language    = { S = "es" }
      closing     = { S = "warn" }
      human_agent = { BOOL = true }
      notices     = { BOOL = false }
      mark_seen   = { BOOL = false }
      show_reads  = { BOOL = true }
      reconcile   = { BOOL = true }

      outage_reply        = { BOOL = true }
      outage_text         = { S = "We will be back." }
      fold_s              = { N = "5" }
      front               = { S = jsonencode({ bot = { model = "amazon.nova-lite-v1:0", links = ["tea.example"], hours = { mon = "08:00-18:00" } }, guards = { loops = "hold" }, thanks = { comments = true, story_texts = { en = "Thanks!" } }, triage = { intents = { order = "where is it" }, model = "amazon.nova-micro-v1:0", priorities = { high = 900 } } }) }
      former_integrations = { SS = ["int-1", "int-2"] }

      secret      = { S = "dmdesk/account/instagram/17841400000000002" }
      integration = { S = module.genesys.integration_ids["acme_page"] }
    }
    error_message = "a Page's account"
  }
  assert {
    condition = jsondecode(aws_dynamodb_table_item.account["acme_tt"].item) == {
      pk          = { S = "ACCOUNT" }
      sk          = { S = "tiktok#-000Ab1Cd" }
      channel     = { S = "tiktok" }
      id          = { S = "-000Ab1Cd" }
      language    = { S = "en" }
      closing     = { S = "raise" }
      human_agent = { BOOL = false }
      notices     = { BOOL = true }
      mark_seen   = { BOOL = true }
      show_reads  = { BOOL = false }
      reconcile   = { BOOL = false }

      outage_reply = { BOOL = false }

      secret      = { S = "dmdesk/account/tiktok/-000Ab1Cd" }
      integration = { S = module.genesys.integration_ids["acme_tt"] }
    }
    error_message = "a TikTok account"
  }
}

run "an_account_that_names_its_desk_sits_there" {
  variables {
    accounts = { acme_ig = { channel = "instagram", id = "17841400000000001", desk = "genesys" } }
  }
  assert {
    condition     = jsondecode(aws_dynamodb_table_item.account["acme_ig"].item).desk == { S = "genesys" } && keys(output.integration_ids) == ["acme_ig"]
    error_message = aws_dynamodb_table_item.account["acme_ig"].item
  }
}

run "the_urls_are_known_and_none_is_a_secret" {
  assert {
    condition     = output.webhook_url == "https://api.execute-api.eu-west-1.amazonaws.com/v1/api/social/webhook" && output.genesys_webhook_url == "https://api.execute-api.eu-west-1.amazonaws.com/v1/api/genesys/outbound"
    error_message = "webhook URLs"
  }
  assert {
    condition     = !can(regex("app-secret|verify\"|client-secret|\"token\"|webhook-webhook", jsonencode([output.paste, output.aws])))
    error_message = "an output holds a secret"
  }
  assert {
    condition     = toset(keys(output.integration_ids)) == toset(["acme_ig", "acme_page", "acme_tt"])
    error_message = "an integration per account"
  }
}

run "the_tiktok_secret_is_what_the_functions_read" {
  assert {
    condition     = nonsensitive(jsondecode(local.secrets["tiktok"])) == { app_id = "7000000000000000001", secrets = ["tiktok-app-secret"] }
    error_message = "app_id and secrets"
  }
}

run "an_account_of_x_is_what_the_functions_read" {
  variables {
    accounts        = { acme_x = { channel = "x", id = "1111111111111111111" } }
    account_tokens  = { acme_x = { access_token = "token", refresh_token = "refresh" } }
    channel_secrets = { x = { app_secrets = ["x-consumer-secret"], client_id = "client", client_secret = "client-secret", bearer_token = "bearer" } } # checkov:skip=CKV_SECRET_6:made up
  }
  assert {
    condition     = jsondecode(aws_dynamodb_table_item.account["acme_x"].item).secret == { S = "dmdesk/account/x/1111111111111111111" }
    error_message = aws_dynamodb_table_item.account["acme_x"].item
  }
  assert {
    condition = nonsensitive(jsondecode(local.secrets["x"])) == {
      secrets = ["x-consumer-secret"], client_id = "client", client_secret = "client-secret", bearer_token = "bearer", consumer_key = ""
    }
    error_message = "the app's secret"
  }
  assert {
    condition     = strcontains(output.operator_environment, "export DMDESK_X_SECRET='dmdesk/x'") && strcontains(output.operator_environment, "export DMDESK_X_API='https://api.x.com'")
    error_message = output.operator_environment
  }
}

run "a_channels_secret_may_be_given_under_its_name" {
  variables {
    channel_secrets = { tiktok = { app_secrets = ["another-secret"], app_id = "7000000000000000002" } }
  }
  assert {
    condition     = nonsensitive(jsondecode(local.secrets["tiktok"])) == { app_id = "7000000000000000002", secrets = ["another-secret"] }
    error_message = "it goes before the channel's variable"
  }
  assert {
    condition     = nonsensitive(jsondecode(local.secrets["instagram"])) == { secrets = ["meta-app-secret"], verify_tokens = ["verify-token-0001"] }
    error_message = "the others keep theirs"
  }
}

run "an_operator_finds_the_pieces" {
  assert {
    condition     = strcontains(output.paste["Genesys Cloud: OAuth client > Roles (if made by hand)"], "the role dmdesk bridge, ")
    error_message = "the role's name"
  }
  assert {
    condition     = strcontains(output.operator_environment, "export DMDESK_WEBHOOK_URL='https://api.execute-api.eu-west-1.amazonaws.com/v1/api/social/webhook'") && strcontains(output.operator_environment, "export DMDESK_TABLE='dmdesk'")
    error_message = output.operator_environment
  }
}

run "the_apis_own_domain_reaches_both_sides" {
  variables {
    public_url = "https://dm.example.com"
  }
  assert {
    condition     = output.webhook_url == "https://dm.example.com/api/social/webhook" && module.aws.environment["DMDESK_PUBLIC_URL"] == "https://dm.example.com" && local.genesys_delivers_to == "https://dm.example.com/api/genesys/outbound"
    error_message = "public_url"
  }
}

run "genesys_is_found_by_its_region" {
  assert {
    condition     = local.genesys_api == "https://api.mypurecloud.ie" && local.genesys_login == "https://login.mypurecloud.ie"
    error_message = "hosts"
  }
}

run "genesys_is_found_at_a_private_address" {
  variables {
    genesys_urls = { api = "https://gateway.example/api", login = "https://gateway.example/login" }
  }
  assert {
    condition     = local.genesys_api == "https://gateway.example/api" && local.genesys_login == "https://gateway.example/login"
    error_message = "hosts"
  }
}

run "a_new_webhook_secret_reaches_both_clouds_at_once" {
  variables {
    genesys_webhook_secret         = "another-webhook-webhook" # checkov:skip=CKV_SECRET_6:made up
    genesys_webhook_former_secrets = ["webhook-webhook-webhook"]
  }
  assert {
    condition = nonsensitive(jsondecode(local.webhook_secrets).secrets) == [
      sha256("another-webhook-webhook/ends"), sha256("webhook-webhook-webhook/ends"), "webhook-webhook-webhook"
    ]
    error_message = "what signs for every account: ends, by either secret, and the former one as it stands"
  }
  assert {
    condition = nonsensitive(jsondecode(local.webhook_secrets).accounts["tiktok#-000Ab1Cd"]) == [
      sha256("another-webhook-webhook/tiktok#-000Ab1Cd"), sha256("webhook-webhook-webhook/tiktok#-000Ab1Cd")
    ]
    error_message = "what signs for one account"
  }
  assert {
    condition     = local.webhook_version > 0 && local.webhook_version <= pow(16, 7)
    error_message = "the version of the secret follows its value"
  }
}

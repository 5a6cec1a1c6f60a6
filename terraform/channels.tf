# The channels and the desks. What Terraform knows of one stands here and nowhere else; all the rest follows from these
# maps. One more is one entry more, under the name that the code gives it (chalicelib/registry.py; a test compares).
locals {
  channels = {
    instagram = {
      title = "Instagram" # as people call it
      # what an account's id looks like (a pattern), and what to say of another
      id = {
        pattern = "^[1-9][0-9]*$"
        error   = "An Instagram account's id is its number (`user_id` of GET /me), not its name."
      }
      # the ways to log an account in, if there are several: the first is the default; some need the account's `page`
      logins = [
        { name = "instagram", title = "Instagram Login", page = false },
        { name = "facebook", title = "Facebook Login for Business", page = true },
      ]
      routes = true # it gives each conversation to one of the apps that an account has (front.routing)
      # the fields of its secret, and the setting that each has its value from; `spare` are those that may be left out
      secret           = { secrets = "app_secrets", verify_tokens = "verify_tokens" }
      signature_header = "X-Hub-Signature-256" # its deliveries are signed in it
      # the functions' environment and what `vendors` changes: base URLs, and versions such as v25.0
      addresses = {
        instagram_graph = "https://graph.instagram.com"
        facebook_graph  = "https://graph.facebook.com"
      }
      versions = { graph_version = "v25.0" }
      # place → what to paste there, once; <webhook> stands for the URL of the channels' webhook
      paste = {
        "Meta: app dashboard > Webhooks > Callback URL" = "<webhook>"
        "Meta: app dashboard > Webhooks > Verify token" = "one of instagram.verify_tokens"
        "Meta: app dashboard > Webhooks > fields"       = "messages, messaging_postbacks, message_reactions, message_edit, messaging_seen, messaging_referral, messaging_handover, message_echoes, standby"
      }
    }

    tiktok = {
      title  = "TikTok"
      id     = { pattern = ".", error = "A TikTok account's id is its business_id." }
      logins = []
      secret = { secrets = "app_secrets", app_id = "app_id" }
      spare  = ["app_id"]

      signature_header = "Tiktok-Signature"
      addresses        = { tiktok_api = "https://business-api.tiktok.com" }
      versions         = {}
      paste            = { "TikTok: set by `dmdesk subscribe` to" = "<webhook>" }
    }

    x = {
      title  = "X"
      id     = { pattern = "^[0-9]{1,19}$", error = "An X account's id is its number (`id` of GET /2/users/me), not its handle." }
      logins = []
      secret = {
        secrets       = "app_secrets"
        client_id     = "client_id"
        client_secret = "client_secret"
        bearer_token  = "bearer_token"
        consumer_key  = "consumer_key"
      }
      # given by channel_secrets.x; a public client has no secret, and only OAuth 1.0a names the app by its key
      spare = ["client_secret", "consumer_key"]

      signature_header = "X-Twitter-Webhooks-Signature"
      addresses        = { x_api = "https://api.x.com" }
      versions         = {}
      paste            = { "X: set by `dmdesk x-webhook create` to" = "<webhook>" }
    }
  }

  desks = {
    genesys = {
      title   = "Genesys Cloud"
      webhook = "/api/genesys/outbound" # the route that it delivers agents' messages to; empty: none

      signature_header = "X-Hub-Signature-256"
      # secrets that the edge verifies its webhooks with; main.tf has their values, which their versions follow
      webhook_secrets = ["genesys-webhook"]
      # secrets that the workers call it with
      client_secrets = ["genesys-oauth"]
      # the functions' environment
      settings = { genesys_api = local.genesys_api, genesys_login = local.genesys_login }
      # <role> stands for the id of the bridge's role
      paste = { "Genesys Cloud: OAuth client > Roles (if made by hand)" = "the role ${var.name} bridge, id <role>" }
    }

    connect = {
      title           = "Amazon Connect"
      webhook         = "" # it tells by a topic and a queue
      webhook_secrets = [] # which only AWS writes to
      client_secrets  = [] # and is called with the functions' role
      settings = { for name, value in {
        connect_instance        = try(var.connect.instance, null)
        connect_api             = try(var.connect.api, null)
        connect_participant_api = try(var.connect.participant_api, null)
        connect_profiles_api    = try(var.connect.profiles_api, null)
        connect_chat_minutes    = try(tostring(var.connect.chat_minutes), null)
        connect_content_types   = try(join(",", var.connect.content_types), null)
        connect_text_limit      = try(tostring(var.connect.text_limit), null)
        connect_more_files      = try(join(",", var.connect.more_files), null)
        connect_file_mb         = try(tostring(var.connect.file_mb), null)
        connect_one_call        = try(tostring(var.connect.one_call), null)
        connect_persistent      = try(tostring(var.connect.persistent), null)
        connect_profiles_domain = try(var.connect.profiles_domain, null)
      } : name => value if value != null }
      paste = {}
    }
  }

  # what is made of a desk, where it is there, beside its entry: further settings, the topic that its queue is fed by and
  # who publishes there, and what the function that begins conversations may do for it. By [0]: whoever names the module as
  # a whole waits for all of it, and its subscription waits for the queue.
  made = {
    connect = [
      for there in local.chosen.connect[*] : {
        settings = { connect_flow = module.connect[0].flow, connect_topic = module.connect[0].topic }
        fed      = { topic = module.connect[0].topic, service = "connect.amazonaws.com" }
        rights   = module.connect[0].rights
      }
    ]
  }

  # where an account's conversations go that names no desk
  first_desk = "genesys"

  # what the settings give for each channel's secret
  app_secrets = merge({ instagram = var.instagram, tiktok = var.tiktok }, try({ for channel in keys(local.channels) : channel => var.channel_secrets[channel] if can(var.channel_secrets[channel]) }, {}))
}

variable "instagram" {
  description = "The Meta app's secrets (several while you rotate; the Instagram app's too, if it has its own) and the verify tokens that you make up for its webhook. Written once; raise secret_versions.instagram to write again."
  type        = any
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "tiktok" {
  description = "The TikTok app's secrets (several while you rotate) and its app id, without which neither tokens are renewed nor `dmdesk subscribe` works. Written once; raise secret_versions.tiktok to write again."
  type        = any
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "connect" {
  description = "The Amazon Connect instance where accounts with desk = \"connect\" are answered: its id or ARN. The rest is made, or is there already: topic (the ARN of a standard SNS topic in its region), flow or flow_name (the inbound flow that chats enter, by id or ARN, or by name), disconnect_flow_name and waiting_flow_name (what ours leads to), queue (a name; BasicQueue) and hours (of operation, by name: then the queue is made); transcripts and attachments (the buckets that it shall keep them in; left as they are without). api, participant_api and profiles_api (other addresses, for tests), chat_minutes (how long a chat may last, 60 to 10080; 0: Connect's own 25 hours), content_types (what an agent or flow may send), text_limit (how long one message may be: characters up to 1024, bytes above, up to 16384), more_files (types of files that the instance takes beside its defaults), file_mb (up to which size, 1 to 25), one_call (begin, stream and connect a chat by one call), persistent (agents see what was said in the chat before), profiles_domain (the domain of Customer Profiles that customers are put into). docs/connect.md"
  type        = any
  default     = null
}

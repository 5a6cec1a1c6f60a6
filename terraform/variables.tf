variable "name" {
  description = "Prefix of every name in both clouds."
  type        = string
  default     = "dmdesk"
  nullable    = false
}

variable "package" {
  description = "The Lambda package. Default: what `make package` wrote, build/dmdesk.zip."
  type        = string
  default     = null
}

variable "accounts" {
  description = "The brand's accounts, under keys of your choice: channel (instagram, tiktok, x), id (Instagram: `user_id` of GET /me; TikTok: business_id; X: `id` of GET /2/users/me), name (for people), desk (where its conversations go; by default the first, genesys), login (Instagram: instagram, which is the default, or facebook with the linked Page's id in `page`), human_agent (Meta approved the Human Agent tag), language (en, es: of the bridge's own lines in conversations), notices (a line for the agent where a reply was not delivered), mark_seen (the customer sees that the message was read when the agent first answers), show_reads (a line tells the agent that the customer has read the answer; Genesys takes it for something that the customer wrote), reconcile (every day what the platform and the desk hold is compared with what was delivered, and what no webhook brought is delivered late), outage_reply (while the desk is away, customers whom nobody can answer in time are told so, once) and outage_text (in these words, in place of the bridge's own), former_integrations (ids of integrations by which its open conversations may have been opened: docs/genesys.md), closing (what is done as a window closes while its customer waits: off; warn, which is the default: supervisors read of it; raise: the conversation goes up in its queue as well), after_end (what the customer is told when the desk's conversation is over; nothing by default), flow_texts (what the desk's flows say by themselves is passed on), fold_s (plain texts that a customer sends within so many seconds, up to 20, are shown as one message; 0, which is the default: each by itself), flow (at Amazon Connect: the flow that the account's chats enter, in place of connect.flow), front (what stands before its desk, nothing by default: docs/front.md; guards = {} against bots that answer each other and against spam; crm = { url, secret }: who writes is looked up there; triage = { intents, model }: what each message is about is judged; thanks = {} for mentions in stories, and comments)."
  type        = any
  nullable    = false
}

variable "genesys_region" {
  description = "The AWS region of your Genesys Cloud organisation, such as eu-west-1; the same as the provider's."
  type        = string
  nullable    = false
  validation {
    condition     = contains(keys(local.domains), var.genesys_region)
    error_message = "genesys_region is not a region of Genesys Cloud. It is the AWS region, such as us-east-1 for mypurecloud.com or eu-west-1 for mypurecloud.ie."
  }
}

variable "genesys_urls" {
  description = "Other addresses than the region's: api, login, and webhook (where Genesys delivers, if not to public_url). For private gateways and tests."
  type        = any
  default     = {}
  nullable    = false
}

variable "public_url" {
  description = "Where the API is reached, if not at its own address: a custom domain with its base path, such as https://dm.example.com. Webhooks and links to media begin with it."
  type        = string
  default     = null
}

variable "media_days" {
  description = "How long copies of customers' and agents' media are kept, and the links to them open (days, 1 to 3650)."
  type        = number
  default     = 90
  nullable    = false
}

variable "media_hosts" {
  description = "Further hosts that media may be fetched from: a domain with its subdomains (cdn.example.com), or an origin (http://127.0.0.1:4001) that is trusted even where it is private or unencrypted. For private gateways and tests."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "outage_minutes" {
  description = "How long the desk is away before it counts as an outage: an alarm rings, and accounts with outage_reply tell customers (minutes)."
  type        = number
  default     = 15
  nullable    = false
}

variable "late_reply_minutes" {
  description = "How long a reply waits for a platform's limit before its agent reads that it waits; it goes out by itself (minutes)."
  type        = number
  default     = 5
  nullable    = false
}

variable "parked_return_hours" {
  description = "Events that were parked because no account was theirs come back by themselves once it is there, where they are no older than this (hours; 0: none do). Older ones come back by `dmdesk replay`."
  type        = number
  default     = 48
  nullable    = false
}

variable "vendors" {
  description = "Other addresses of the channels' APIs, and another version of Meta's Graph API, than the real ones: instagram_graph, facebook_graph, graph_version, tiktok_api, x_api."
  type        = map(string)
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for name in keys(var.vendors) : contains(keys(local.real_vendors), name)])
    error_message = "vendors knows ${join(", ", keys(local.real_vendors))}."
  }
  validation {
    condition = alltrue([
      for name, url in var.vendors : can(regex("^https?://[^ ]+$", url)) if url != null && !contains(keys(local.vendor_versions), name)
    ])
    error_message = "The addresses in vendors begin with https:// (or http:// on this machine)."
  }
  validation {
    condition = alltrue([
      for name, version in var.vendors : can(regex("^v[0-9]+\\.[0-9]+$", version)) if version != null && contains(keys(local.vendor_versions), name)
    ])
    error_message = join(" ", [for name, real in local.vendor_versions : "vendors.${name} looks like ${real}."])
  }
}

variable "channel_secrets" {
  description = "As instagram and tiktok, for any channel, and before them: channel → what its app's secret is made of (X: app_secrets, several while you rotate; client_id and, of a confidential client, client_secret; bearer_token, by which dmdesk x-webhook works; consumer_key, where accounts have OAuth 1.0a besides). Written once; raise secret_versions.<channel> to write again."
  type        = any
  default     = {}
  ephemeral   = true
  sensitive   = true
  nullable    = false
}

variable "genesys_oauth_clients" {
  description = "OAuth clients (client credentials) of Genesys Cloud with the bridge's role. Each may make 300 calls a minute; more share the load. Written once; raise secret_versions[\"genesys-oauth\"] to write again."
  type        = any
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "genesys_oauth_client_ids" {
  description = "The ids of genesys_oauth_clients: Terraform gives them the bridge's role. Empty: give it by hand."
  type        = set(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for id in var.genesys_oauth_client_ids : can(regex("^[!-~]+$", id))])
    error_message = "genesys_oauth_client_ids are ids of OAuth clients: one word each, not ${jsonencode([for id in var.genesys_oauth_client_ids : id if !can(regex("^[!-~]+$", id))])}."
  }
  validation {
    condition = length(var.genesys_oauth_client_ids) == 0 || var.genesys_oauth_clients == null || try(
      toset(var.genesys_oauth_clients[*].id) == var.genesys_oauth_client_ids, true
    )
    error_message = "genesys_oauth_client_ids has to hold just the ids of genesys_oauth_clients, or nothing: a client without its role is refused by Genesys Cloud."
  }
}

variable "genesys_webhook_secret" {
  description = "Genesys Cloud signs with it what it sends to the bridge; make it up, longer than 15 characters. It lies in the state, because the Genesys provider has no write-only argument for it: protect the state."
  type        = string
  sensitive   = true
  nullable    = false
}

variable "genesys_webhook_former_secrets" {
  description = "Webhook secrets that are accepted beside it while a change is under way: the next one before the change, the former one after it."
  type        = list(string)
  default     = []
  sensitive   = true
  nullable    = false
}

variable "account_tokens" {
  description = "Account key → what its secret holds at first: access_token, for TikTok and X also refresh_token. Written when the account is added; afterwards the bridge's to renew. Raise secret_versions[\"account/<key>\"] to write again, in place of all that the secret holds: an X account's keys go with it."
  type        = any
  default     = {}
  ephemeral   = true
  sensitive   = true
  nullable    = false
}

variable "secret_versions" {
  description = "Raise a secret's number to write its value again: instagram, tiktok, x, genesys-oauth, account/<key>; or to make a new key for links to media, which ends all former links: media. Each is 1 at first."
  type        = map(number)
  default     = {}
  nullable    = false
  validation {
    condition = alltrue([
      for secret in keys(var.secret_versions) : contains(
        concat(local.numbered_secrets, [for key in try(keys(var.accounts), []) : "account/${key}"]), secret
      )
    ])
    error_message = "secret_versions knows ${join(", ", local.numbered_secrets)} and account/<key of an account>. (${join(", ", local.webhook_secret_names)} follows its value by itself.)"
  }
}

variable "queue" {
  description = "Where conversations wait for an agent: its name, and whether to make it (create) or to take an existing one."
  type        = any
  default     = {}
  nullable    = false
}

variable "flow" {
  description = "The inbound message flow: ours (own = true), or an existing published one by name."
  type        = any
  default     = {}
  nullable    = false
}

variable "division" {
  description = "Name of the Genesys Cloud division that our flow and our queue belong to, and in which the bridge's clients have their role."
  type        = string
  default     = "Home"
  nullable    = false
}

variable "late_reply" {
  description = "What our flow answers to a message that arrives too late to be handled; the conversation then ends."
  type        = string
  default     = "We are sorry that we could not answer in time. Please write to us again, and we will get back to you."
  nullable    = false
}

variable "late_after_hours" {
  description = "A message that is older than this when it arrives is late (hours). Instagram lets us answer for 24."
  type        = number
  default     = 23
  nullable    = false
}

variable "priority" {
  description = "Priority of a conversation whose message names none. One point counts like one minute of waiting."
  type        = number
  default     = 0
  nullable    = false
}

variable "identity_resolution" {
  description = "Whether customers are looked up among the external contacts, by an external source per platform."
  type        = bool
  default     = true
  nullable    = false
}

variable "conversation_end" {
  description = "Whether Genesys Cloud tells the bridge that a conversation is over, by a trigger, a workflow and a data action. Without it the bridge finds that out by asking, some hours later."
  type        = bool
  default     = true
  nullable    = false
}

variable "ops_command" {
  description = "Runs the project's command line from the repository's root; Terraform uses it to attach the flow and to give the role."
  type        = string
  default     = ".venv/bin/python -m ops"
  nullable    = false
}

variable "environment" {
  description = "Further environment variables of every function, such as HTTPS_PROXY. No secrets: they are readable in the console."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "edge" {
  description = "The function behind the webhooks: memory (MB), timeout (s), reserved concurrency (none by default)."
  type        = any
  default     = {}
  nullable    = false
}

variable "workers" {
  description = "The two queue workers: memory (MB), timeout (s), how many run at once at most (each), how many conversations of a batch one of them deals with at a time, reserved concurrency (none by default). The upkeep has their memory."
  type        = any
  default     = {}
  nullable    = false
}

variable "api_gateway_logs_role" {
  description = "Whether this bridge sets the role by which API Gateway writes logs, one for the whole AWS account and region. examples/account makes it once for all; a bridge that has it refuses to be destroyed with it."
  type        = bool
  default     = false
  nullable    = false
}

variable "retention" {
  description = "How long what is kept lies where (days): messages that wait (queue_days), those that could not be handled (dead_letter_days), what nobody could read or place (parked_days), what a platform tells of a customer (profile_days), certificates of erasures (certificate_days), continuous backups of the table (backup_days; 0 makes none)."
  type        = any
  default     = {}
  nullable    = false
}

variable "log_retention_days" {
  description = "How long logs are kept (days)."
  type        = number
  default     = 90
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the table, and a bucket that is not empty. Set it to false and apply before you destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "secret_recovery_days" {
  description = "How long a deleted secret can be restored (days, 7 to 30; 0 deletes at once)."
  type        = number
  default     = 7
  nullable    = false
}

variable "alarms" {
  description = "Who is told, and from where on: mail addresses, hours without any customer's message (0: never), age of a queue's oldest message (s), refused webhooks, and all requests that the API refuses (api_4xx), in 5 minutes; in an hour refused replies, unconfirmed replies, messages sent to Genesys again, files that could not be had; and how long the slowest twentieth of the messages may take through the bridge (s)."
  type        = any
  default     = {}
  nullable    = false
}

variable "closing" {
  description = "As a conversation's window closes while its customer waits: from how many hours before its end on it has at least which priority (steps; one point counts like one minute of waiting), where the account's `closing` is raise; and who gets a mail (emails) where it is warn or raise."
  type        = any
  default     = {}
  nullable    = false
}

variable "name" {
  description = "Prefix of every name, so that several bridges fit into one AWS account. Also their metrics' dimension `service`."
  type        = string
  default     = "dmdesk"
  nullable    = false
  validation {
    # the bucket's name is <name>-<account>-<region>, of at most 63 characters
    condition     = can(regex("^[a-z][a-z0-9-]{0,23}$", var.name)) && !endswith(var.name, "-") && !can(regex("^(xn--|sthree-|amzn-s3-demo-)", var.name))
    error_message = "name takes 1 to 24 lower-case letters, digits and hyphens, begins with a letter (and not with xn--, sthree- or amzn-s3-demo-, which S3 keeps for itself) and ends with none of the hyphens; ${jsonencode(var.name)} does not."
  }
}

variable "package" {
  description = "The zip that `make package` wrote; package.json has to lie beside it. Null where package_s3 is given."
  type        = string
  default     = null
  validation {
    condition     = var.package_s3 != null || try(fileexists(var.package) && fileexists("${dirname(var.package)}/package.json"), false)
    error_message = "There is no package, or no package.json beside it: run `make package` first."
  }
}

variable "accounts" {
  description = "The brand's accounts: a key of your choice, the channel and the id of each, and whether it thanks automatically. Every account gets a secret for its tokens."
  type        = map(object({ channel = string, id = string, thanks = optional(bool, false) }))
  nullable    = false
}

variable "channels" {
  description = "The channels: what people call each, its settings in the functions' environment (x is DMDESK_X), and the header that its deliveries are signed in (empty: none). Each gets a secret of its name, which the edge verifies its webhooks with and the upkeep renews its tokens with."
  type        = map(object({ title = string, settings = map(string), signature_header = optional(string, "") }))
  nullable    = false
}

variable "desks" {
  description = "The desks: what people call each, the route that it delivers agents' messages to (empty: none), the header that they are signed in (empty: none), the secrets that the edge verifies them with, those that the workers call it with, and its settings in the functions' environment; the topic (ARN) that its queue is fed by, and the service that publishes there (null: it has none); and what the function that begins conversations may do in AWS for it."
  type = map(object({
    title           = string
    webhook         = string
    webhook_secrets = list(string)
    client_secrets  = list(string)
    settings        = map(string)

    signature_header = optional(string, "")

    fed    = optional(object({ topic = string, service = string }))
    rights = optional(list(object({ sid = string, actions = list(string), resources = list(string) })), [])
  }))
  nullable = false
}

variable "environment" {
  description = "Further environment variables of every function, such as HTTPS_PROXY or LOG_LEVEL. No secrets: they are readable in the console."
  type        = map(string)
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for key in keys(var.environment) : !startswith(key, "DMDESK_") && key != "POWERTOOLS_SERVICE_NAME"])
    error_message = "The DMDESK_ variables and POWERTOOLS_SERVICE_NAME are set by this module."
  }
  validation {
    # docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    condition = alltrue([
      for key, value in var.environment : can(regex("^[A-Za-z][A-Za-z0-9_]+$", key)) && value != null &&
      !can(regex("^(AWS_REGION|AWS_DEFAULT_REGION|AWS_ACCESS_KEY.*|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|AWS_EXECUTION_ENV|AWS_LAMBDA_.*|AWS_XRAY_.*)$", key))
    ])
    error_message = "environment takes names of letters, digits and underscores that begin with a letter, each with a text, and none that Lambda sets itself. Wrong: ${join(", ", [
      for key, value in var.environment : key if !can(regex("^[A-Za-z][A-Za-z0-9_]+$", key)) || value == null || startswith(key, "AWS_")
    ])}."
  }
}

variable "edge" {
  description = "The function behind the webhooks: memory (MB, which also buys CPU for cold starts), timeout (s), reserved concurrency (none by default)."
  type = object({
    memory_mb            = optional(number, 1024)
    timeout_s            = optional(number, 10)
    reserved_concurrency = optional(number)
  })
  default  = {}
  nullable = false
  validation {
    # Genesys waits 10 s for an answer, and API Gateway 29 s
    condition     = var.edge.timeout_s >= 3 && var.edge.timeout_s <= 29
    error_message = "edge.timeout_s is between 3 and 29 seconds: API Gateway waits no longer, and Genesys only 10."
  }
}

variable "workers" {
  description = "The two queue workers: memory (MB), timeout (s), how many run at once at most (each), how many conversations of a batch one of them deals with at a time, reserved concurrency (none by default). The upkeep has their memory."
  type = object({
    memory_mb            = optional(number, 512)
    timeout_s            = optional(number, 80)
    maximum_concurrency  = optional(number, 10)
    at_once              = optional(number, 10)
    reserved_concurrency = optional(number)
  })
  default  = {}
  nullable = false
  validation {
    # below: no record would ever be begun (NEEDED_S in pipeline/batch.py); above: two workers at one message (LEASE_S)
    condition     = var.workers.timeout_s >= 60 && var.workers.timeout_s <= 85
    error_message = "workers.timeout_s is between 60 and 85 seconds: a worker begins a message only with 54 seconds left, and its claim on it lasts 90."
  }
  validation {
    condition     = var.workers.maximum_concurrency >= 2 && var.workers.maximum_concurrency <= 1000
    error_message = "workers.maximum_concurrency is between 2 and 1000: those are the limits of AWS."
  }
  validation {
    condition     = var.workers.at_once >= 1 && var.workers.at_once <= 10
    error_message = "workers.at_once is from 1 to 10: a batch holds ten messages."
  }
  validation {
    condition     = try(var.workers.reserved_concurrency >= var.workers.maximum_concurrency, true)
    error_message = "workers.reserved_concurrency must not be below workers.maximum_concurrency, or the queue's poller is throttled."
  }
}

variable "stage" {
  description = "The API's stage: the first segment of every URL's path."
  type        = string
  default     = "v1"
  nullable    = false
  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,128}$", var.stage))
    error_message = "stage takes letters, digits, hyphens and underscores."
  }
}

variable "public_url" {
  description = "Where the API is reached, if not at its own address: a custom domain with its base path, such as https://dm.example.com. Webhooks and links to media begin with it."
  type        = string
  default     = null
  validation {
    condition     = can(regex("^https?://[A-Za-z0-9.:_/~%-]+$", coalesce(var.public_url, "https://unset")))
    error_message = "public_url begins with https:// (or http:// on this machine), is a host and a path, and ends before any question mark."
  }
}

variable "media_days" {
  description = "How long copies of customers' and agents' media are kept, and the links to them open (days)."
  type        = number
  default     = 90
  nullable    = false
  validation {
    condition     = var.media_days >= 1 && var.media_days <= 3650 && floor(var.media_days) == var.media_days
    error_message = "media_days is a whole number from 1 to 3650."
  }
}

variable "retention" {
  description = "How long what is kept lies where (days): messages that wait (queue_days), those that could not be handled (dead_letter_days), what nobody could read or place (parked_days), what a platform tells of a customer (profile_days), certificates of erasures (certificate_days), continuous backups of the table (backup_days; 0 makes none)."
  type = object({
    queue_days       = optional(number, 14)
    dead_letter_days = optional(number, 14)
    parked_days      = optional(number, 90)
    profile_days     = optional(number, 7)
    certificate_days = optional(number, 1095)
    backup_days      = optional(number, 35)
  })
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for days in values(var.retention) : floor(days) == days])
    error_message = "retention is in whole days."
  }
  validation {
    condition     = var.retention.queue_days >= 11 && var.retention.queue_days <= 14
    error_message = "retention.queue_days is between 11 and 14: an account may be paused for ten days, and SQS keeps nothing longer than 14."
  }
  validation {
    condition     = var.retention.dead_letter_days >= 1 && var.retention.dead_letter_days <= 14
    error_message = "retention.dead_letter_days is between 1 and 14, the longest that SQS offers."
  }
  validation {
    condition     = var.retention.profile_days >= 1 && var.retention.profile_days <= 30
    error_message = "retention.profile_days is between 1 and 30."
  }
  validation {
    condition     = alltrue([for days in [var.retention.parked_days, var.retention.certificate_days] : days >= 1 && days <= 3650])
    error_message = "retention.parked_days and retention.certificate_days are between 1 and 3650."
  }
  validation {
    condition     = var.retention.backup_days >= 0 && var.retention.backup_days <= 35
    error_message = "retention.backup_days is between 0 and 35, the longest that DynamoDB offers."
  }
}

variable "media_hosts" {
  description = "Further hosts that media may be fetched from: a domain with its subdomains (cdn.example.com), fetched like the platforms' own; or an origin (http://127.0.0.1:4001), which is trusted even where it is private or unencrypted. For private gateways and tests."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for host in var.media_hosts : can(regex("^(https?://)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?$", host))])
    error_message = "media_hosts takes domains such as cdn.example.com, and origins such as https://gateway.example.com:8443 without a path."
  }
  validation {
    # a domain stands for all below it, and below these are everybody's
    condition     = alltrue([for host in var.media_hosts : can(regex("^https?://", host)) || (can(regex("\\.[a-z]", host)) && !can(regex("^(s3[a-z0-9.-]*\\.)?amazonaws\\.com(\\.cn)?$|^cloudfront\\.net$", host)))])
    error_message = "media_hosts: a domain is taken with all that is below it, so it has to be yours alone: not com, nor amazonaws.com."
  }
}

variable "outage_minutes" {
  description = "How long the desk is away before it counts as an outage: an alarm rings, and accounts with outage_reply tell customers (minutes)."
  type        = number
  default     = 15
  nullable    = false
  validation {
    condition     = var.outage_minutes >= 1 && var.outage_minutes <= 1440 && floor(var.outage_minutes) == var.outage_minutes
    error_message = "outage_minutes is a whole number from 1 to 1440."
  }
}

variable "late_reply_minutes" {
  description = "How long a reply waits for a platform's limit before its agent reads that it waits; it goes out by itself (minutes)."
  type        = number
  default     = 5
  nullable    = false
  validation {
    condition     = var.late_reply_minutes >= 1 && var.late_reply_minutes <= 1440 && floor(var.late_reply_minutes) == var.late_reply_minutes
    error_message = "late_reply_minutes is a whole number from 1 to 1440."
  }
}

variable "parked_return_hours" {
  description = "Events that were parked because no account was theirs come back by themselves once it is there, where they are no older than this (hours; 0: none do)."
  type        = number
  default     = 48
  nullable    = false
  validation {
    condition     = var.parked_return_hours >= 0 && var.parked_return_hours <= 2160 && floor(var.parked_return_hours) == var.parked_return_hours
    error_message = "parked_return_hours is a whole number from 0 to 2160: what is parked is deleted after 90 days."
  }
}

variable "api_gateway_logs_role" {
  description = "Whether this bridge sets the role by which API Gateway writes logs. It is one setting for the whole AWS account and region, which examples/account makes once for all; a bridge that has it refuses to be destroyed with it."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_retention_days" {
  description = "How long logs are kept (days)."
  type        = number
  default     = 90
  nullable    = false
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the table, and a bucket that is not empty. Set it to false and apply before you destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "secret_recovery_days" {
  description = "How long a deleted secret can be restored (days, 7 to 30). 0 deletes at once, so that the same name can be made again."
  type        = number
  default     = 7
  nullable    = false
  validation {
    condition     = var.secret_recovery_days == 0 || (var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30 && floor(var.secret_recovery_days) == var.secret_recovery_days)
    error_message = "secret_recovery_days is 0, or a whole number from 7 to 30."
  }
}

variable "secrets" {
  description = "The secrets' values, by name: each channel's, each desk's, account/<key>, as the JSON that the functions read; the secret media is made here. They are written when a secret is made and when its version is raised, never read, and never kept in the state."
  type        = map(string)
  default     = {}
  ephemeral   = true
  sensitive   = true
  nullable    = false
}

variable "secret_versions" {
  description = "Raise a secret's number (by its name as in `secrets`, 1 at first) to write its value again; the value has to be given then. media gets a new key, and all links to media end."
  type        = map(number)
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for version in values(var.secret_versions) : try(version >= 1 && floor(version) == version, false)])
    error_message = "secret_versions holds whole numbers from 1; not so ${join(", ", [for secret, version in var.secret_versions : secret if !try(version >= 1 && floor(version) == version, false)])}."
  }
}

variable "alarms" {
  description = "Who is told, and from where on: addresses that get a mail, hours without any customer's message (0: never), age of a queue's oldest message (s), refused webhooks, and all requests that the API refuses (api_4xx), in 5 minutes; in an hour refused replies, unconfirmed replies, messages sent to Genesys again, files that could not be had; and how long the slowest twentieth of the messages may take through the bridge (s)."
  type = object({
    emails           = optional(list(string), [])
    quiet_hours      = optional(number, 24)
    oldest_message_s = optional(number, 900)
    rejected         = optional(number, 20)
    api_4xx          = optional(number, 300)
    refused          = optional(number, 5)
    unconfirmed      = optional(number, 5)
    sent_again       = optional(number, 5)
    media_failed     = optional(number, 10)
    latency_s        = optional(number, 30)
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.alarms.quiet_hours >= 0 && var.alarms.quiet_hours <= 168
    error_message = "alarms.quiet_hours is between 0 (no such alarm) and 168: CloudWatch looks back a week."
  }
  validation {
    condition = alltrue([
      for from in [
        var.alarms.oldest_message_s, var.alarms.rejected, var.alarms.api_4xx, var.alarms.refused, var.alarms.unconfirmed,
        var.alarms.sent_again, var.alarms.media_failed, var.alarms.latency_s,
      ] : from > 0
    ])
    error_message = "Each number in alarms is above 0 (quiet_hours may be 0): an alarm from 0 on would always ring."
  }
}

variable "closing" {
  description = "As a conversation's window closes while its customer waits: from how many hours before its end on it has at least which priority (steps; one point counts like one minute of waiting), where the account's `closing` is raise; and who gets a mail (emails) where it is warn or raise."
  type = object({
    steps = optional(list(object({ hours = number, priority = number })), [
      { hours = 4, priority = 1440 }, { hours = 2, priority = 2880 }, { hours = 1, priority = 4320 },
    ])
    emails = optional(list(string), [])
  })
  default  = {}
  nullable = false
  validation {
    condition     = length(var.closing.steps) > 0 && alltrue([for step in var.closing.steps : step.hours > 0 && step.hours < 8760])
    error_message = "closing.steps has at least one step, and the hours of each are above 0."
  }
  validation {
    condition     = length(distinct(var.closing.steps[*].hours)) == length(var.closing.steps)
    error_message = "No two of closing.steps have the same hours."
  }
  validation {
    condition     = alltrue([for step in var.closing.steps : step.priority >= 0 && step.priority <= 25000000 && floor(step.priority) == step.priority])
    error_message = "A step's priority is a whole number from 0 to 25000000: Genesys Cloud takes no higher one."
  }
  validation {
    condition = alltrue(flatten([
      for one in var.closing.steps : [for other in var.closing.steps : one.hours < other.hours || one.priority <= other.priority]
    ]))
    error_message = "In closing.steps the priority does not fall as the end comes nearer."
  }
}

# What stands before the bridge: who may come, how much of it, and under which name.
variable "throttling" {
  description = "What the API lets through by route and verb: requests a second (rate) and how many at once (burst). Named alone they hold for every route; routes has its own of webhooks, replies, media, callbacks, handshakes, health. Beyond it the answer is 429, and the platforms repeat."
  type = object({
    rate  = optional(number)
    burst = optional(number)
    routes = optional(map(object({
      rate  = optional(number)
      burst = optional(number)
    })), {})
  })
  default  = {}
  nullable = false
  validation {
    condition     = length(setsubtract(keys(var.throttling.routes), keys(local.own_limits))) == 0
    error_message = "throttling.routes knows ${join(", ", keys(local.own_limits))}, and not ${join(", ", setsubtract(keys(var.throttling.routes), keys(local.own_limits)))}."
  }
  validation {
    condition = alltrue([
      for number in concat([var.throttling.rate], values(var.throttling.routes)[*].rate) : coalesce(number, 1) >= 1
    ])
    error_message = "A rate of throttling is 1 or more: with less, API Gateway lets nothing through, or does not limit at all."
  }
  validation {
    condition = alltrue([
      for number in concat([var.throttling.burst], values(var.throttling.routes)[*].burst) :
      coalesce(number, 1) >= 1 && floor(coalesce(number, 1)) == coalesce(number, 1)
    ])
    error_message = "A burst of throttling is a whole number, 1 or more."
  }
}

variable "desk_edge" {
  description = "The function behind the desks' webhooks, which takes agents' replies and nothing else: its reserved concurrency (none by default). Otherwise as `edge`."
  type = object({
    reserved_concurrency = optional(number)
  })
  default  = {}
  nullable = false
  validation {
    condition     = coalesce(var.desk_edge.reserved_concurrency, 1) >= 1
    error_message = "desk_edge.reserved_concurrency is 1 or more, or null for none of its own: with 0, no reply would be taken."
  }
}

variable "domain" {
  description = "A domain of your own for the API (TLS 1.2 at least): its name; a certificate in this region (certificate_arn), or the Route 53 zone (zone_id) in which one is made and the name led here; base_path (`v1` in https://dm.example.com/v1, none by default); announced (false: the URLs stay the API's own until the name leads here); execute_api (true: the API answers at its own address as well, for links and settings that still name it)."
  type = object({
    name            = string
    certificate_arn = optional(string)
    zone_id         = optional(string)
    base_path       = optional(string, "")
    announced       = optional(bool, true)
    execute_api     = optional(bool, false)
  })
  default = null
  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", try(var.domain.name, "dm.example.com")))
    error_message = "domain.name is a host name such as dm.example.com: lower case, without https:// and without a path."
  }
  validation {
    condition     = var.domain == null || try((var.domain.certificate_arn == null) != (var.domain.zone_id == null), false)
    error_message = "domain takes either certificate_arn, a certificate in this region that you have, or zone_id, the Route 53 zone in which one is made."
  }
  validation {
    condition     = can(regex("^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[^ ]+$", coalesce(try(var.domain.certificate_arn, null), "arn:aws:acm:eu-west-1:111122223333:certificate/unset")))
    error_message = "domain.certificate_arn is the ARN of a certificate of ACM: arn:aws:acm:<region>:<account>:certificate/<id>."
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{0,64}$", try(var.domain.base_path, "")))
    error_message = "domain.base_path is one segment of letters, digits, hyphens and underscores, or nothing."
  }
}

variable "waf" {
  description = "A web ACL before the API: none; own (made here: it refuses unsigned deliveries, bodies that no platform sends, and addresses that ask too often where no platform does); given (yours, by its arn). rate and media_rate: requests of one address in 5 minutes, elsewhere than at the platforms' routes, and for files."
  type = object({
    acl        = optional(string, "none")
    arn        = optional(string)
    rate       = optional(number, 1000)
    media_rate = optional(number, 20000)
  })
  default  = {}
  nullable = false
  validation {
    condition     = contains(["none", "own", "given"], var.waf.acl)
    error_message = "waf.acl is none, own or given."
  }
  validation {
    condition     = (var.waf.acl == "given") == (var.waf.arn != null)
    error_message = "waf.arn, the ARN of your web ACL, goes with waf.acl = \"given\", and with nothing else."
  }
  validation {
    condition     = can(regex("^arn:aws[a-z-]*:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/[^ ]+$", coalesce(var.waf.arn, "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/unset/1")))
    error_message = "waf.arn is the ARN of a regional web ACL: arn:aws:wafv2:<region>:<account>:regional/webacl/<name>/<id>."
  }
  validation {
    # docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-high-level-settings.html
    condition     = alltrue([for rate in [var.waf.rate, var.waf.media_rate] : rate >= 10 && rate <= 2000000000 && floor(rate) == rate])
    error_message = "waf.rate and waf.media_rate are whole numbers from 10 to 2000000000: those are the limits of AWS."
  }
}

variable "allowed_addresses" {
  description = "Who may reach the API at all, as CIDRs: the addresses of a proxy or CDN that you put before it. Everybody by default. None of Meta, TikTok, X and Genesys Cloud tells from where its webhooks come: without a proxy that they deliver to, this shuts them out."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for cidr in var.allowed_addresses : can(cidrhost(cidr, 0))])
    error_message = "allowed_addresses takes CIDRs such as 203.0.113.0/24 or 2001:db8::/32."
  }
  validation {
    # a resource policy of API Gateway has 8,192 characters at most
    condition     = length(var.allowed_addresses) <= 150
    error_message = "allowed_addresses takes 150 CIDRs at most."
  }
}

variable "file_access_log" {
  description = "An S3 bucket of yours (bucket, prefix) in this region and account where S3 writes down who opened which file of ours: address, time, key. None by default."
  type = object({
    bucket = string
    prefix = optional(string, "dmdesk/")
  })
  default = null
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", try(var.file_access_log.bucket, "unset")))
    error_message = "file_access_log.bucket is the name of an S3 bucket, not its ARN."
  }
}

variable "front_secrets" {
  description = "The secrets with the keys that the companies' own endpoints are called with, by name or ARN: they are made and filled elsewhere."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "models" {
  description = "The models and inference profiles of Amazon Bedrock that judge messages or answer them, by id or ARN."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "bots" {
  description = "Whether an account has a bot before its desk."
  type        = bool
  default     = false
  nullable    = false
}

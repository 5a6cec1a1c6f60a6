variable "name" {
  description = "Prefix of everything this module creates in the Genesys Cloud organisation."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9 _-]{0,30}$", var.name))
    error_message = "name must start with a letter and hold at most 31 letters, digits, spaces, - or _."
  }
}

variable "webhook_url" {
  description = "Where Genesys Cloud delivers agents' messages: the bridge's /api/genesys/outbound."
  type        = string
  nullable    = false

  validation {
    # http is for a simulator on this machine
    condition     = can(regex("^(https://[^/:]+(:443)?/|http://(127\\.0\\.0\\.1|localhost)[:/])", var.webhook_url))
    error_message = "webhook_url must be https on port 443: Genesys Cloud delivers nowhere else."
  }
}

variable "webhook_secrets" {
  description = "Account key → what Genesys Cloud signs the deliveries of its integration with. They end in Terraform's state: the provider has no write-only argument for them."
  type        = map(string)
  sensitive   = true
  nullable    = false

  validation {
    condition     = alltrue([for secret in values(var.webhook_secrets) : length(secret) > 15])
    error_message = "Each of webhook_secrets must be longer than 15 characters: Genesys Cloud refuses shorter ones."
  }
}

variable "ending_secret" {
  description = "What the key is made of with which the trigger tells that conversations are over."
  type        = string
  sensitive   = true
  nullable    = false
}

variable "channels" {
  description = "The channels that an account may have, and what agents and supervisors read for each."
  type        = map(string)
  nullable    = false
}

variable "accounts" {
  description = "The brand's accounts. Each becomes an Open Messaging integration."
  type = map(object({
    channel = string
    id      = string
    name    = optional(string, "")
  }))
  nullable = false

  validation {
    condition     = alltrue([for account in var.accounts : contains(keys(var.channels), account.channel)])
    error_message = "Each account's channel must be ${join(" or ", keys(var.channels))}."
  }

  validation {
    condition     = length(distinct([for account in var.accounts : "${account.channel}#${account.id}"])) == length(var.accounts)
    error_message = "Two accounts have the same channel and id: their conversations could not be told apart."
  }
}

variable "queue" {
  description = "Where conversations wait for an agent; without a name, one that begins with `name`, so that two bridges in one organisation have two. create = false takes the queue of that name as it is."
  type = object({
    name                = optional(string, "")
    create              = optional(bool, true)
    wrapup_codes        = optional(list(string), ["Answered", "No answer needed", "Follow up"])
    alerting_timeout_s  = optional(number, 30)
    service_level_share = optional(number, 0.8)
    service_level_s     = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.queue.create || trimspace(var.queue.name) != ""
    error_message = "With queue.create = false, queue.name must name a queue that is there."
  }

  validation {
    condition     = var.queue.alerting_timeout_s >= 7
    error_message = "queue.alerting_timeout_s must be at least 7: Genesys Cloud refuses less."
  }

  validation {
    condition     = var.queue.service_level_share >= 0 && var.queue.service_level_share <= 1 && var.queue.service_level_s >= 1
    error_message = "queue.service_level_share must be from 0 to 1, and queue.service_level_s at least 1."
  }
}

variable "flow" {
  description = "The inbound message flow: ours (own = true; name is what it is called), or an existing one by name."
  type = object({
    name = optional(string, "")
    own  = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.flow.own || trimspace(var.flow.name) != ""
    error_message = "With flow.own = false, flow.name must name an inbound message flow that is published."
  }
}

variable "division" {
  description = "Name of the division that our flow and our queue belong to, and in which the bridge's clients have their role."
  type        = string
  default     = "Home"
  nullable    = false

  validation {
    condition     = can(regex("^\\S([^\\x00-\\x1f…]{0,254}\\S)?$", var.division)) && !strcontains(var.division, "{{")
    error_message = "division is the name of a division: one line of at most 256 characters, without spaces around it and without {{."
  }
}

variable "late_reply" {
  description = "What our flow answers to a message that arrives too late to be handled; the conversation then ends."
  type        = string
  default     = "We are sorry that we could not answer in time. Please write to us again, and we will get back to you."
  nullable    = false

  validation {
    # bytes are counted by way of base64: Terraform's length() counts characters
    condition = can(regex("[\\pL\\pN]", var.late_reply)) && !can(regex("^\\s*<[^>]*>\\s*$", var.late_reply)) && (
      length(base64encode(var.late_reply)) * 3 / 4 - length(replace(base64encode(var.late_reply), "/[^=]/", "")) <= 1000
    )
    error_message = "late_reply must hold words, your own in place of a placeholder, and at most 1,000 bytes: Instagram takes no more in one message."
  }

  validation {
    condition     = !strcontains(var.late_reply, "{{")
    error_message = "late_reply must not hold {{: the provider would take it for a placeholder."
  }
}

variable "late_after_hours" {
  description = "A message that is older than this when it arrives is late. Instagram lets us answer for 24 hours."
  type        = number
  default     = 23
  nullable    = false

  validation {
    condition     = var.late_after_hours >= 1 && var.late_after_hours <= 8760 && floor(var.late_after_hours) == var.late_after_hours
    error_message = "late_after_hours must be a whole number of hours, from 1 to 8760."
  }
}

variable "priority" {
  description = "Priority of a conversation whose message names none. One point counts like one minute of waiting."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = abs(var.priority) <= 25000000 && floor(var.priority) == var.priority
    error_message = "priority must be a whole number from -25,000,000 to 25,000,000."
  }
}

variable "raises" {
  description = "Whether the bridge raises the priority of conversations whose windows are about to close."
  type        = bool
  default     = false
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

variable "oauth_client_ids" {
  description = "Ids of the bridge's OAuth clients, to be given the role that this module makes. Empty: give it by hand."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "ops_command" {
  description = "Runs this project's command line, from the repository's root. It needs the requirements of requirements-operator.txt."
  type        = string
  default     = ".venv/bin/python -m ops"
  nullable    = false

  validation {
    condition     = can(regex("^\\S.*$", var.ops_command))
    error_message = "ops_command is a command line that runs this project's command line: it must not be empty, nor begin with a space."
  }
}

variable "base_url" {
  description = "The Genesys Cloud API, for private gateways and tests. Empty: the host of GENESYSCLOUD_REGION."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(https?://[A-Za-z0-9.:/_-]+)?$", var.base_url))
    error_message = "base_url must be empty or a URL."
  }
}

variable "login_url" {
  description = "Genesys Cloud's login, for private gateways and tests. Empty: that of base_url or of GENESYSCLOUD_REGION."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(https?://[A-Za-z0-9.:/_-]+)?$", var.login_url))
    error_message = "login_url must be empty or a URL."
  }
}

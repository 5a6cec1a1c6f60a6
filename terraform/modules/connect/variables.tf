variable "name" {
  description = "What every name begins with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The AWS region of the bridge, in which all of this is made."
  type        = string
  nullable    = false
}

variable "connect" {
  description = "The instance (id or ARN), and what of it is there already: the inbound flow (its id or ARN, or its name), the flows that it leads to (by name), the queue (by name; with `hours` one of that name is made), the topic (ARN). What is null is made. And the buckets that it shall keep transcripts and attachments in; null leaves that as it is. And the domain of Customer Profiles that customers are put into."
  type = object({
    instance             = string
    topic                = optional(string)
    flow                 = optional(string)
    flow_name            = optional(string)
    disconnect_flow_name = optional(string)
    waiting_flow_name    = optional(string)
    queue                = optional(string, "BasicQueue")
    hours                = optional(string)
    transcripts          = optional(string)
    attachments          = optional(string)
    profiles_domain      = optional(string)
  })
  nullable = false
}

variable "account_flows" {
  description = "Inbound flows (id or ARN) that accounts have of their own."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "queue_arn" {
  description = "The queue that takes what the topic tells."
  type        = string
  nullable    = false
}

variable "dead_letters_arn" {
  description = "The queue that takes what could not be put there."
  type        = string
  nullable    = false
}

variable "key_arn" {
  description = "The KMS key of the topic; null leaves it without one, as Amazon Connect cannot publish through AWS's own."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of every resource that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

# Secrets only, so that they can come from the environment (TF_VAR_…) or from a file that is not committed. Of type
# `any`, as a typed object would drop a misspelt key without a word; the module looks at what they hold.
variable "instagram" {
  description = "The Meta app's secrets, and the verify tokens of its webhook."
  type        = any
  ephemeral   = true
  sensitive   = true
}

variable "tiktok" {
  description = "The TikTok app's secrets and id."
  type        = any
  ephemeral   = true
  sensitive   = true
}

variable "channel_secrets" {
  description = "The secrets of channels that have no variable of their own: x."
  type        = any
  ephemeral   = true
  sensitive   = true
}

variable "genesys_oauth_clients" {
  description = "OAuth clients of Genesys Cloud for the bridge."
  type        = any
  ephemeral   = true
  sensitive   = true
}

variable "genesys_oauth_client_ids" {
  description = "The ids of the same clients: Terraform gives them the bridge's role."
  type        = set(string)
  default     = []
}

variable "genesys_webhook_secret" {
  description = "What Genesys Cloud signs with: longer than 15 characters."
  type        = string
  sensitive   = true
}

variable "genesys_webhook_former_secrets" {
  description = "What is accepted beside it while it is changed (docs/operate.md, Rotation)."
  type        = list(string)
  default     = []
  sensitive   = true
}

variable "account_tokens" {
  description = "Account key → its first tokens."
  type        = any
  default     = {}
  ephemeral   = true
  sensitive   = true
}

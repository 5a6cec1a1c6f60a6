# Secrets only, so that they can come from the environment (TF_VAR_…) or from a file that is not committed.
variable "instagram" {
  description = "The Meta app's secrets, and the verify tokens of its webhook."
  type        = object({ app_secrets = list(string), verify_tokens = list(string) })
  ephemeral   = true
  sensitive   = true
}

variable "tiktok" {
  description = "The TikTok app's secrets and id."
  type        = object({ app_secrets = list(string), app_id = string })
  ephemeral   = true
  sensitive   = true
}

variable "genesys_oauth_clients" {
  description = "OAuth clients of Genesys Cloud for the bridge."
  type        = list(object({ id = string, secret = string }))
  ephemeral   = true
  sensitive   = true
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
  type        = map(map(string))
  default     = {}
  ephemeral   = true
  sensitive   = true
}

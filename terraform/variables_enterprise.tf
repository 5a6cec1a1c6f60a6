# What the rules of a company ask for. Each is null, or empty, by default: then nothing is as if it were not there.
# modules/inputs tells what each object holds, and modules/aws has the limits.
variable "tags" {
  description = "Tags of every resource in AWS that takes tags, beside the provider's default_tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "role_permissions_boundary" {
  description = "ARN of the IAM policy that bounds every role."
  type        = string
  default     = null
}

variable "role_path" {
  description = "IAM path of every role, such as /apps/dmdesk/. Another one replaces the roles: choose it once."
  type        = string
  default     = "/"
  nullable    = false
}

variable "kms_key" {
  description = "The KMS key that encrypts table, queues, topics, bucket, secrets, log groups and the functions' environment: ours (create = true), or yours by its ARN (arn), whose policy has to let CloudWatch in: docs/deploy.md. AWS's own keys by default. Ours is rotated every rotation_days (365), and can be had back for deletion_days (30) after it was taken away."
  type        = any
  default     = null
}

variable "alarm_topic" {
  description = "An SNS topic of yours (arn) that the alarms tell in place of one of ours: a standard one, of the same region, that lets CloudWatch publish."
  type        = any
  default     = null
}

variable "vpc" {
  description = "Subnets (subnet_ids) and security groups (security_group_ids) that the functions run in. They need a way out to the platforms, to Genesys Cloud and to AWS: docs/deploy.md has the hosts and the endpoints."
  type        = any
  default     = null
}

variable "package_s3" {
  description = "The package from S3 in place of a file: bucket and key, the object's version, its runtime (such as python3.13) and architecture (arm64 by default), as its package.json has them. hash, its SHA-256 in base64, tells of another object under the same key where there is no version."
  type        = any
  default     = null
  validation {
    condition     = var.package_s3 == null || var.package == null
    error_message = "package and package_s3 are two packages: give one."
  }
}

variable "code_signing_config_arn" {
  description = "ARN of a Lambda code signing configuration; the package has to be signed by one of its profiles."
  type        = string
  default     = null
}

variable "link" {
  description = "Who attaches the flow to the integrations, and gives the bridge's clients their role: command, Terraform by ops_command; none, you by the commands of the output link_commands, where Terraform runs without this project's Python."
  type        = string
  default     = "command"
  nullable    = false
  validation {
    condition     = contains(["command", "none"], var.link)
    error_message = "link is command or none. Not provider: Genesys Cloud's provider (1.84) has no resource that attaches a flow to an Open Messaging integration, nor one that gives a role to an OAuth client which it did not make."
  }
}

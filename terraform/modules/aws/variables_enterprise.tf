# What the rules of a company ask for. Each is null, or empty, by default: then nothing is as if it were not there.
variable "tags" {
  description = "Tags of every resource that takes tags, beside the provider's default_tags."
  type        = map(string)
  default     = {}
  nullable    = false
  validation {
    # docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html; S3 and others take 50 in all
    condition = length(var.tags) <= 50 && alltrue([
      for key, value in var.tags : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value))
    ])
    error_message = "tags: up to 50; a key of 1 to 128 and a value of up to 256 letters, digits, spaces and _ . : / = + - @ each. Wrong: ${join(", ", [for key, value in var.tags : key if !can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)) || !can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value))])}"
  }
  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "tags: keys that begin with aws: are AWS's own."
  }
}

variable "role_permissions_boundary" {
  description = "ARN of the IAM policy that bounds every role."
  type        = string
  default     = null
  validation {
    condition     = var.role_permissions_boundary == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[!-~]+$", var.role_permissions_boundary))
    error_message = "role_permissions_boundary is the ARN of a policy, such as arn:aws:iam::111122223333:policy/boundary."
  }
}

variable "role_path" {
  description = "IAM path of every role. Another one replaces the roles: choose it once."
  type        = string
  default     = "/"
  nullable    = false
  validation {
    condition     = can(regex("^/([!-~]{0,509}[^/]/)?$", var.role_path)) && !strcontains(var.role_path, "//")
    error_message = "role_path begins and ends with /, such as /apps/dmdesk/."
  }
}

variable "kms_key" {
  description = "The KMS key that encrypts table, queues, topics, bucket, secrets, log groups and the functions' environment: ours (create = true), or theirs by its ARN (arn), whose policy has to let CloudWatch in. Null: AWS's own keys. Ours is rotated by itself, every rotation_days, and can be had back for deletion_days after it was taken away."
  type = object({
    create        = optional(bool, false)
    arn           = optional(string)
    rotation_days = optional(number, 365)
    deletion_days = optional(number, 30)
  })
  default = null
  validation {
    condition     = var.kms_key == null || try(var.kms_key.create != (var.kms_key.arn != null), false)
    error_message = "kms_key has either create = true, or the arn of a key that is there."
  }
  validation {
    condition     = try(var.kms_key.arn, null) == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.kms_key.arn))
    error_message = "kms_key.arn is the ARN of a key, such as arn:aws:kms:eu-west-1:111122223333:key/…: an alias means nothing in a policy."
  }
  validation {
    condition     = try(var.kms_key.rotation_days >= 90 && var.kms_key.rotation_days <= 2560 && floor(var.kms_key.rotation_days) == var.kms_key.rotation_days, var.kms_key == null)
    error_message = "kms_key.rotation_days is a whole number from 90 to 2560."
  }
  validation {
    condition     = try(var.kms_key.deletion_days >= 7 && var.kms_key.deletion_days <= 30 && floor(var.kms_key.deletion_days) == var.kms_key.deletion_days, var.kms_key == null)
    error_message = "kms_key.deletion_days is a whole number from 7 to 30."
  }
}

variable "alarm_topic" {
  # an object, whose presence is known where its ARN is not yet
  description = "An SNS topic (arn) that the alarms tell in place of one of ours: a standard one, of the same region, that lets CloudWatch publish."
  type        = object({ arn = string })
  default     = null
  validation {
    condition     = var.alarm_topic == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]+$", var.alarm_topic.arn))
    error_message = "alarm_topic.arn is the ARN of a standard SNS topic, such as arn:aws:sns:eu-west-1:111122223333:on-call. (CloudWatch tells no FIFO topic.)"
  }
}

variable "vpc" {
  description = "Subnets and security groups that the functions run in. They need a way out to the platforms, to Genesys Cloud and to AWS."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null
  validation {
    condition     = var.vpc == null || try(length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0, false)
    error_message = "vpc has at least one of subnet_ids, and at least one of security_group_ids."
  }
  validation {
    condition = alltrue(concat(
      [for id in coalesce(try(var.vpc.subnet_ids, null), []) : can(regex("^subnet-[0-9a-f]+$", id))],
      [for id in coalesce(try(var.vpc.security_group_ids, null), []) : can(regex("^sg-[0-9a-f]+$", id))],
    ))
    error_message = "vpc: subnet_ids look like subnet-0123456789abcdef0, and security_group_ids like sg-0123456789abcdef0."
  }
}

variable "package_s3" {
  description = "The package from S3 in place of a file: bucket and key, the object's version, its runtime (such as python3.13) and architecture, as its package.json has them. hash, its SHA-256 in base64, tells of another object under the same key where there is no version."
  type = object({
    bucket       = string
    key          = string
    version      = optional(string)
    hash         = optional(string)
    runtime      = string
    architecture = optional(string, "arm64")
  })
  default = null
  validation {
    condition     = var.package_s3 == null || try(can(regex("^python3\\.[0-9]+$", var.package_s3.runtime)) && contains(["arm64", "x86_64"], var.package_s3.architecture), false)
    error_message = "package_s3: runtime is such as python3.13, and architecture arm64 or x86_64: as the package.json beside the package has them."
  }
  validation {
    condition     = var.package_s3 == null || try(trimspace(var.package_s3.bucket) != "" && trimspace(var.package_s3.key) != "", false)
    error_message = "package_s3 has a bucket and a key."
  }
  validation {
    condition     = try(var.package_s3.hash, null) == null || can(regex("^[A-Za-z0-9+/]{43}=$", var.package_s3.hash))
    error_message = "package_s3.hash is a SHA-256 in base64: openssl dgst -sha256 -binary dmdesk.zip | base64"
  }
}

variable "code_signing_config_arn" {
  description = "ARN of a Lambda code signing configuration. The package has to be signed by one of its profiles: a signed one comes by package_s3, or by package."
  type        = string
  default     = null
  validation {
    condition     = var.code_signing_config_arn == null || can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:code-signing-config:csc-[a-z0-9]{17}$", var.code_signing_config_arn))
    error_message = "code_signing_config_arn is such as arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0."
  }
}

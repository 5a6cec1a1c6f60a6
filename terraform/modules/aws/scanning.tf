# Files are searched for malware in place: media/ is a quarantine in which nobody reads a copy before GuardDuty's tag says
# what it found, and nobody but GuardDuty writes that tag.
# docs.aws.amazon.com/guardduty/latest/ug/tag-based-access-s3-malware-protection.html
variable "scan" {
  description = "Who searches files for malware: off or guardduty."
  type        = string
  default     = "off"
}

variable "scan_seconds" {
  description = "How long a verdict is waited for (s)."
  type        = number
  default     = 60
}

variable "scan_without_verdict" {
  description = "What becomes of a file without a verdict: refuse, allow or hold."
  type        = string
  default     = "refuse"
}

variable "scan_unscannable" {
  description = "What becomes of a file of which the scanner cannot tell: refuse or allow."
  type        = string
  default     = "refuse"
}

locals {
  scans       = var.scan == "guardduty"
  verdict_tag = "GuardDutyMalwareScanStatus"
  # as chalicelib/rules/scanning.py has them
  let_through = concat(["NO_THREATS_FOUND"], var.scan_unscannable == "allow" ? ["UNSUPPORTED", "ACCESS_DENIED", "FAILED"] : [])
  scan_role   = local.scans ? aws_iam_role.scan[0].arn : ""
  scan_rule   = "arn:${data.aws_partition.current.partition}:events:${local.region}:${local.account_id}:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*"

  # what the bucket's policy says besides
  scan_statements = [for statement in local.quarantine : statement if local.scans]
  quarantine = [
    {
      Sid       = "NobodyReadsWhatIsNotClean"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["s3:GetObject", "s3:GetObjectVersion"]
      Resource  = [local.media_arn]
      Condition = merge(
        {
          # true as well of what has no such tag
          StringNotEquals = {
            "s3:ExistingObjectTag/${local.verdict_tag}" = local.let_through
            "aws:PrincipalArn"                          = [local.scan_role]
          }
        },
        # only what has a verdict, and another one
        { for operator, tag in { Null = "s3:ExistingObjectTag/${local.verdict_tag}" } : operator => { (tag) = "false" } if var.scan_without_verdict == "allow" },
      )
    },
    {
      Sid       = "NobodyElseWritesVerdicts"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["s3:PutObjectTagging", "s3:PutObjectVersionTagging", "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"]
      Resource  = [local.media_arn]
      Condition = { StringNotEquals = { "aws:PrincipalArn" = [local.scan_role] } }
    },
    {
      # any tag: ten of others' leave no room for a verdict
      Sid       = "NorBringsThemAlong"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["s3:PutObject"]
      Resource  = [local.media_arn]
      Condition = { "ForAnyValue:StringLike" = { "s3:RequestObjectTagKeys" = "*" } }
    },
  ]
}

resource "aws_guardduty_malware_protection_plan" "media" {
  count = local.scans ? 1 : 0
  role  = aws_iam_role.scan[0].arn
  tags  = var.tags

  protected_resource {
    s3_bucket {
      bucket_name     = aws_s3_bucket.shelf.id
      object_prefixes = ["media/"]
    }
  }

  actions {
    tagging {
      status = "ENABLED"
    }
  }

  # it tries its rights when it is made
  depends_on = [aws_iam_role_policy.scan, aws_s3_bucket_policy.shelf]
}

resource "aws_iam_role" "scan" {
  count                = local.scans ? 1 : 0
  name                 = "${var.name}-scan"
  path                 = var.role_path
  permissions_boundary = var.role_permissions_boundary
  tags                 = var.tags
  description          = "dmdesk: what GuardDuty's Malware Protection may do in the bucket"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "malware-protection-plan.guardduty.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

# docs.aws.amazon.com/guardduty/latest/ug/malware-protection-s3-iam-policy-prerequisite.html
resource "aws_iam_role_policy" "scan" {
  count = local.scans ? 1 : 0
  name  = "scan"
  role  = aws_iam_role.scan[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid       = "HearOfNewFiles"
        Effect    = "Allow"
        Action    = ["events:PutRule", "events:DeleteRule", "events:PutTargets", "events:RemoveTargets"]
        Resource  = [local.scan_rule]
        Condition = { StringLike = { "events:ManagedBy" = "malware-protection-plan.guardduty.amazonaws.com" } }
      },
      {
        Sid      = "LookAtThatRule"
        Effect   = "Allow"
        Action   = ["events:DescribeRule", "events:ListTargetsByRule"]
        Resource = [local.scan_rule]
      },
      {
        Sid      = "HaveTheBucketTell"
        Effect   = "Allow"
        Action   = ["s3:PutBucketNotification", "s3:GetBucketNotification", "s3:ListBucket"]
        Resource = [local.bucket_arn]
      },
      {
        Sid      = "TryItsRights"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["${local.bucket_arn}/malware-protection-resource-validation-object"]
      },
      {
        Sid    = "ReadFilesAndTellVerdicts"
        Effect = "Allow"
        Action = [
          "s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectVersionTagging",
          "s3:PutObjectTagging", "s3:PutObjectVersionTagging",
        ]
        Resource = [local.media_arn]
      },
      ], [
      for key in [local.key_arn] : {
        Sid       = "KeyByS3"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [key]
        Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${data.aws_partition.current.dns_suffix}" } }
      } if var.kms_key != null
    ])
  })
}

# Who hands files on reads their verdicts, and writes none, whatever else its role lets it.
resource "aws_iam_role_policy" "verdicts" {
  for_each = local.scans ? toset(["edge", "to_desk", "to_customer"]) : toset([])
  name     = "verdicts"
  role     = aws_iam_role.function[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadVerdicts"
        Effect   = "Allow"
        Action   = ["s3:GetObjectTagging"]
        Resource = [local.media_arn]
      },
      {
        Sid      = "WriteNone"
        Effect   = "Deny"
        Action   = ["s3:PutObjectTagging", "s3:PutObjectVersionTagging", "s3:DeleteObjectTagging"]
        Resource = ["${local.bucket_arn}/*"]
      },
    ]
  })
}

output "scan" {
  description = "How files are searched for malware."
  value = {
    by              = var.scan
    seconds         = var.scan_seconds
    without_verdict = var.scan_without_verdict
    unscannable     = var.scan_unscannable
  }
}

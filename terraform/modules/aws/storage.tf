# The ledger, and the bucket for media and for what a queue cannot carry or nobody could deliver.
locals {
  # A queue's entry may point at an event set aside: for as long as it is in the queue and then in the dead letters,
  # and for as long again after a replay.
  aside_days = 2 * local.queue_days + 4
}

resource "aws_dynamodb_table" "ledger" {
  #checkov:skip=CKV_AWS_119:var.kms_key encrypts it where there is one, else AWS's own key; it holds ids, states, profiles and the first words of messages
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  attribute {
    name = "waits_at"
    type = "S"
  }

  attribute {
    name = "waits_since"
    type = "N"
  }

  attribute {
    name = "sits_at"
    type = "S"
  }

  attribute {
    name = "asks_at"
    type = "N"
  }

  # which conversations wait for an answer, by account and since when; who reads it needs dynamodb:Query on its ARN
  global_secondary_index {
    name            = "waiting"
    hash_key        = "waits_at"
    range_key       = "waits_since"
    projection_type = "KEYS_ONLY"
  }

  # which conversations sit at a desk, by account and when it is to be asked about them
  global_secondary_index {
    name            = "sitting"
    hash_key        = "sits_at"
    range_key       = "asks_at"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  # a customer who was erased is in these until they end: docs/data-protection.md
  #checkov:skip=CKV_AWS_28:on, unless var.retention.backup_days is 0; checkov does not read the default, 35, of an object's attribute
  point_in_time_recovery {
    enabled = var.retention.backup_days > 0
    # 35 is DynamoDB's own, and not every endpoint tells it back
    recovery_period_in_days = contains([0, 35], var.retention.backup_days) ? null : var.retention.backup_days
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = local.key_arn
  }
}

resource "aws_s3_bucket" "shelf" {
  #checkov:skip=CKV_AWS_18:var.file_access_log switches it on; without, the API's access log and the edge's have who opened what
  #checkov:skip=CKV_AWS_21:a version would outlive the erasure of a customer's data
  #checkov:skip=CKV_AWS_144:nothing is copied to another region by default; docs/data-protection.md says what a region's loss costs
  #checkov:skip=CKV_AWS_145:var.kms_key encrypts it where there is one, else S3's own key
  #checkov:skip=CKV2_AWS_62:an alarm counts what is parked
  bucket        = "${var.name}-${local.account_id}-${local.region}"
  force_destroy = !var.deletion_protection
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "shelf" {
  bucket                  = aws_s3_bucket.shelf.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "shelf" {
  bucket = aws_s3_bucket.shelf.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "shelf" {
  bucket = aws_s3_bucket.shelf.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key == null ? "AES256" : "aws:kms"
      kms_master_key_id = local.key_arn
    }
    # fewer calls of KMS, which cost
    bucket_key_enabled = var.kms_key == null ? null : true
  }
}

# Who opened which file, as S3 saw it; where it goes is theirs to keep and to let S3 write to.
# docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
resource "aws_s3_bucket_logging" "shelf" {
  for_each      = var.file_access_log == null ? {} : { this = var.file_access_log }
  bucket        = aws_s3_bucket.shelf.id
  target_bucket = each.value.bucket
  target_prefix = each.value.prefix
}

resource "aws_s3_bucket_lifecycle_configuration" "shelf" {
  bucket = aws_s3_bucket.shelf.id

  rule {
    id     = "aside"
    status = "Enabled"
    filter {
      prefix = "aside/"
    }
    expiration {
      days = local.aside_days
    }
  }

  rule {
    id     = "parked"
    status = "Enabled"
    filter {
      prefix = "parked/"
    }
    expiration {
      days = var.retention.parked_days
    }
  }

  rule {
    id     = "media"
    status = "Enabled"
    filter {
      prefix = "media/"
    }
    expiration {
      days = var.media_days # links to them end as soon
    }
  }

  rule {
    id     = "erasures"
    status = "Enabled"
    filter {
      prefix = "erasures/" # requests as well, whose codes answer as long
    }
    expiration {
      days = var.retention.certificate_days
    }
  }

  rule {
    id     = "unfinished"
    status = "Enabled"
    filter {
      prefix = ""
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "shelf" {
  bucket = aws_s3_bucket.shelf.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [merge(local.tls_only, { Action = ["s3:*"], Resource = [aws_s3_bucket.shelf.arn, "${aws_s3_bucket.shelf.arn}/*"] })],
      local.scan_statements
    )
  })
  # both write the bucket's policy status; together they conflict now and then
  depends_on = [aws_s3_bucket_public_access_block.shelf]
}

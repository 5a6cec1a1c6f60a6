# Where supervisors read which conversations wait while their windows close, and which were lost.
resource "aws_sns_topic" "supervisors" {
  name              = "${var.name}-supervisors"
  kms_master_key_id = var.kms_key == null ? "alias/aws/sns" : local.key_arn # whoever of this account may publish may use it
  tags              = var.tags
}

resource "aws_sns_topic_policy" "supervisors" {
  arn = aws_sns_topic.supervisors.arn
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [merge(local.tls_only, { Action = local.topic_actions, Resource = aws_sns_topic.supervisors.arn })]
  })
}

resource "aws_sns_topic_subscription" "supervisors" {
  for_each  = toset(var.closing.emails)
  topic_arn = aws_sns_topic.supervisors.arn
  protocol  = "email"
  endpoint  = each.value
}

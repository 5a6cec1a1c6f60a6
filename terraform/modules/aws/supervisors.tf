# Where supervisors read which conversations wait while their windows close, and which were lost.
resource "aws_sns_topic" "supervisors" {
  name              = "${var.name}-supervisors"
  kms_master_key_id = "alias/aws/sns" # whoever of this account may publish may use it
}

resource "aws_sns_topic_subscription" "supervisors" {
  for_each  = toset(var.closing.emails)
  topic_arn = aws_sns_topic.supervisors.arn
  protocol  = "email"
  endpoint  = each.value
}

# Files that are searched for malware: who may read a copy, and who may say that it is clean.
mock_provider "aws" {
  source = "./tests"
}

variables {
  secrets  = {} # terraform test takes no default of an ephemeral variable
  package  = "../../tests/fixtures/dmdesk.zip"
  accounts = { acme_ig = { channel = "instagram", id = "17841400000000001" } }
  channels = {
    instagram = { title = "Instagram", settings = { instagram_graph = "https://graph.instagram.com" } }
    tiktok    = { title = "TikTok", settings = { tiktok_api = "https://business-api.tiktok.com" } }
  }
  desks = {
    genesys = {
      title           = "Genesys Cloud"
      webhook         = "/api/genesys/outbound"
      webhook_secrets = ["genesys-webhook"]
      client_secrets  = ["genesys-oauth"]
      settings        = { genesys_api = "https://api.mypurecloud.ie" }
    }
  }
}

run "by_default_nobody_scans" {
  assert {
    condition     = length(aws_guardduty_malware_protection_plan.media) == 0 && length(aws_iam_role.scan) == 0 && length(aws_iam_role_policy.verdicts) == 0
    error_message = "a plan, or a role, that nobody asked for"
  }
  assert {
    condition     = jsondecode(aws_s3_bucket_policy.shelf.policy).Statement[*].Sid == ["TlsOnly"]
    error_message = "the bucket's policy"
  }
  assert {
    condition     = aws_lambda_function.role["edge"].environment[0].variables["DMDESK_SCAN"] == "off"
    error_message = "the functions take nobody for the scanner"
  }
}

run "a_scanner_whose_tag_decides" {
  variables {
    scan = "guardduty"
  }
  assert {
    condition     = aws_guardduty_malware_protection_plan.media[0].protected_resource[0].s3_bucket[0].object_prefixes == toset(["media/"])
    error_message = "what is scanned"
  }
  assert {
    condition     = aws_guardduty_malware_protection_plan.media[0].actions[0].tagging[0].status == "ENABLED"
    error_message = "the verdict is told by a tag"
  }
  assert {
    condition = { for one in jsondecode(aws_s3_bucket_policy.shelf.policy).Statement : one.Sid => join(" ", concat([one.Effect, one.Principal], one.Action)) } == {
      TlsOnly                   = "Deny * s3:*"
      NobodyReadsWhatIsNotClean = "Deny * s3:GetObject s3:GetObjectVersion"
      NobodyElseWritesVerdicts  = "Deny * s3:PutObjectTagging s3:PutObjectVersionTagging s3:DeleteObjectTagging s3:DeleteObjectVersionTagging"
      NorBringsThemAlong        = "Deny * s3:PutObject"
    }
    error_message = "who is denied what"
  }
  assert {
    condition = { for one in jsondecode(aws_s3_bucket_policy.shelf.policy).Statement : one.Sid => jsonencode(one.Condition) if one.Sid != "TlsOnly" } == {
      NobodyReadsWhatIsNotClean = jsonencode({ StringNotEquals = { "aws:PrincipalArn" = ["arn:aws:iam::111122223333:role/mock"], "s3:ExistingObjectTag/GuardDutyMalwareScanStatus" = ["NO_THREATS_FOUND"] } })
      NobodyElseWritesVerdicts  = jsonencode({ StringNotEquals = { "aws:PrincipalArn" = ["arn:aws:iam::111122223333:role/mock"] } })
      NorBringsThemAlong        = jsonencode({ "ForAnyValue:StringLike" = { "s3:RequestObjectTagKeys" = "*" } })
    }
    error_message = "but for whom, and for what"
  }
  assert {
    condition     = alltrue([for one in jsondecode(aws_s3_bucket_policy.shelf.policy).Statement : one.Resource == ["arn:aws:s3:::shelf/media/*"] if one.Sid != "TlsOnly"])
    error_message = "only files are scanned, and withheld"
  }
  assert {
    condition     = keys(aws_iam_role_policy.verdicts) == ["edge", "to_customer", "to_desk"]
    error_message = "who reads verdicts"
  }
  assert {
    condition = alltrue([for one in aws_iam_role_policy.verdicts : [for said in jsondecode(one.policy).Statement : join(" ", concat([said.Effect], said.Action))] == [
      "Allow s3:GetObjectTagging", "Deny s3:PutObjectTagging s3:PutObjectVersionTagging s3:DeleteObjectTagging",
    ]])
    error_message = "who reads verdicts writes none"
  }
  assert {
    condition     = jsondecode(aws_iam_role.scan[0].assume_role_policy).Statement[0].Principal.Service == "malware-protection-plan.guardduty.amazonaws.com" && jsondecode(aws_iam_role.scan[0].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    error_message = "who takes the scanner's role"
  }
  assert {
    condition     = aws_lambda_function.role["to_desk"].environment[0].variables["DMDESK_SCAN"] == "guardduty"
    error_message = "the functions wait for verdicts"
  }
}

run "what_cannot_be_told_may_pass_where_that_is_set" {
  variables {
    scan                 = "guardduty"
    scan_unscannable     = "allow"
    scan_without_verdict = "allow"
  }
  assert {
    condition = [for one in jsondecode(aws_s3_bucket_policy.shelf.policy).Statement : jsonencode(one.Condition) if one.Sid == "NobodyReadsWhatIsNotClean"] == [jsonencode({
      Null            = { "s3:ExistingObjectTag/GuardDutyMalwareScanStatus" = "false" }
      StringNotEquals = { "aws:PrincipalArn" = ["arn:aws:iam::111122223333:role/mock"], "s3:ExistingObjectTag/GuardDutyMalwareScanStatus" = ["NO_THREATS_FOUND", "UNSUPPORTED", "ACCESS_DENIED", "FAILED"] }
    })]
    error_message = "what is found infected is withheld all the same"
  }
}

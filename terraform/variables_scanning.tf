variable "scan" {
  description = "Who searches customers' and agents' files for malware before anybody is given them: off, or guardduty (GuardDuty Malware Protection for S3, which AWS bills by the file and the GB)."
  type        = string
  default     = "off"
  nullable    = false
  validation {
    condition     = contains(["off", "guardduty"], var.scan)
    error_message = "scan is off or guardduty."
  }
}

variable "scan_seconds" {
  description = "How long a file's verdict is waited for (5 to 900 s). The message waits, and what comes behind it in its conversation."
  type        = number
  default     = 60
  nullable    = false
  validation {
    condition     = var.scan_seconds >= 5 && var.scan_seconds <= 900 && floor(var.scan_seconds) == var.scan_seconds
    error_message = "scan_seconds is a whole number from 5 to 900."
  }
}

variable "scan_without_verdict" {
  description = "What becomes of a file that has no verdict after scan_seconds: refuse (a line says so in its place), allow (it is handed on), or hold (it waits on, for six hours at most, and is refused then)."
  type        = string
  default     = "refuse"
  nullable    = false
  validation {
    condition     = contains(["refuse", "allow", "hold"], var.scan_without_verdict)
    error_message = "scan_without_verdict is refuse, allow or hold."
  }
}

variable "scan_unscannable" {
  description = "What becomes of a file of which the scanner says that it cannot tell (encrypted, too big, no access, failed): refuse or allow."
  type        = string
  default     = "refuse"
  nullable    = false
  validation {
    condition     = contains(["refuse", "allow"], var.scan_unscannable)
    error_message = "scan_unscannable is refuse or allow."
  }
}

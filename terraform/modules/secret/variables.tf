# One part of a secret, as it was given: what cannot be one is refused here, by its name and never with its value. A
# message about an ephemeral value has to be the same whatever the value is, so each part is judged by itself.
locals {
  # As chalicelib/credentials.py has it, which the edge refuses keys by; a test compares. What stands before and between
  # the letters of a form does not matter.
  shortest = 12
  forms    = ["changeme", "example", "placeholder", "todo", "your", "makeup", "aword", "password", "secretsecret", "insert", "replace", "dummy", "openssl", "qwerty", "12345678"]
  between  = "[^\\p{L}\\p{N}]*"

  form      = "(?i)^${local.between}(${join("|", [for form in local.forms : join(local.between, split("", form))])})"
  guessable = "(?s)^.{0,${local.shortest - 1}}$|${local.form}"
  # left over from an example; of a key and of what a platform gives out alike
  placeholder = "…|^<.*>$|^\\.\\.\\.$|a-word-that-you-make-up"

  line = "^\\S(.*\\S)?$"
  # Genesys Cloud refuses a webhook secret of 15 characters or fewer; a placeholder is told as what it is, below
  signs = "^\\S.{14,}\\S$|…|^\\S{1,15}$"
  word  = "^[!-~…]+$" # the sign of a placeholder is told as what it is, below
  kinds = {
    keys = { list = true, least = 1, form = local.word, unfit = local.guessable, says = "a list of secrets, each one word without spaces, the newest first" }
    # Genesys Cloud refuses a webhook secret of 15 characters or fewer
    key   = { list = false, least = 1, form = "^\\S.{14,}\\S$", unfit = local.guessable, says = "a text of one line and at least 16 characters, without spaces around it" }
    words = { list = true, least = 1, form = local.word, unfit = null, says = "a list of texts, each one word without spaces" }
    word  = { list = false, least = 1, form = local.word, unfit = null, says = "one word without spaces" }
    lines = { list = true, least = 0, form = local.line, unfit = null, says = "a list of texts of one line, none of them empty" }
  }
}

variable "name" {
  description = "What it is called among the inputs."
  type        = string
  nullable    = false
}

variable "kind" {
  description = "What it is: keys and key (others sign with it, so it must not be guessed); words, word and lines (what it is worth, another decides)."
  type        = string
  nullable    = false
  validation {
    condition     = contains(keys(local.kinds), var.kind)
    error_message = "kind is ${join(", ", keys(local.kinds))}."
  }
}

variable "given" {
  description = "The value; null where none is given."
  type        = any
  default     = null
  ephemeral   = true
  sensitive   = true
  validation {
    condition = var.given == null || try(
      (local.kinds[var.kind].list ? can([for text in tolist(var.given) : tostring(text)]) : can(tostring(var.given))) &&
      length(flatten([var.given])) >= local.kinds[var.kind].least &&
      alltrue([for text in flatten([var.given]) : can(regex(local.kinds[var.kind].form, text))]),
    false)
    error_message = "${var.name} is ${local.kinds[var.kind].says}."
  }
  validation {
    condition     = try(!anytrue([for text in flatten([var.given]) : can(regex(local.placeholder, text))]), true)
    error_message = "${var.name} still holds a placeholder of the example: put what is yours in its place."
  }
  validation {
    condition = local.kinds[var.kind].unfit == null || try(alltrue([
      for text in flatten([var.given]) : text == null || (
        !can(regex(local.kinds[var.kind].unfit, text)) && length(distinct(split("", replace(lower(text), "/[^\\p{L}\\p{N}]/", "")))) >= 4
      )
    ]), true)
    error_message = "${var.name} holds a secret that anybody could guess: shorter than ${local.shortest} characters, of fewer than four different ones, or what a form has in its place. Genesys' one you make up (openssl rand -hex 32); the platforms' are theirs."
  }
}

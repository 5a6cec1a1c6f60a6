# A secret's object as it was given: its fields are the ones that are known, and the ones that are needed. Which of them
# is wrong cannot be said, as a message must be the same whatever an ephemeral value is.
variable "name" {
  description = "What it is called among the inputs."
  type        = string
  nullable    = false
}

variable "fields" {
  description = "What it may hold → whether it has to."
  type        = map(bool)
  nullable    = false
}

variable "several" {
  description = "Whether it is a list of at least one such object."
  type        = bool
  default     = false
  nullable    = false
}

variable "given" {
  description = "The value; null where none is given."
  type        = any
  default     = null
  ephemeral   = true
  sensitive   = true
  validation {
    condition = var.given == null || try(var.several == !can(keys(var.given)) && length(flatten([var.given])) > 0 && alltrue([
      for object in flatten([var.given]) : length(setsubtract(keys(object), keys(var.fields))) == 0 &&
      length(setsubtract([for field, must in var.fields : field if must], keys(object))) == 0
    ]), false)
    error_message = "${var.name} is ${var.several ? "a list of at least one object, each with" : "an object of"} ${length(var.fields) == 0 ? "nothing" : join(", ", [for field, must in var.fields : must ? field : "${field} (if you like)"])}, and nothing else."
  }
}

"""What every part of the project stands on: errors, logging, files, command lines."""

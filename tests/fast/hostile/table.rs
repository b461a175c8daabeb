//! What the scenes promise, shown under the memory limit of the shipped `CronJob`.

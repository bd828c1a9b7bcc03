# SPDX-License-Identifier: Apache-2.0
"""Who runs which accounts where: the stages of a run and their order."""

"""Sharing what is saved on the Hugging Face Hub: upload, download and model cards."""

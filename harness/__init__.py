"""apiary-drill: restores a backup of Apiary into disposable servers and proves that it is all back."""

__version__ = "0.1.0"

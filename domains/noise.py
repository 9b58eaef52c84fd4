"""Gaussian random fields: smooth random numbers over a picture, from which clouds, forests and turbulence are made."""

import numpy as np


def wave_numbers(height, width):
    """Length of the wave vector of each coefficient of `numpy.fft.rfft2`, in cycles a pixel."""
    return np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])


def gaussian_field(random, size, slope, smallest=0.0):
    """A periodic field of `size` x `size` numbers with mean 0, variance 1, and a power spectrum of `k ** -slope`.

    A slope of 0 is white noise, 4 is very smooth. Waves of fewer than `smallest` cycles a pixel are left out.
    """
    k = wave_numbers(size, size)
    k[0, 0] = 1  # the mean is taken out below
    amplitude = np.where(k < smallest, 0, k ** (-slope / 2))
    amplitude[0, 0] = 0
    return _normal(random, (size, size), amplitude)


def spectral_field(random, shape, amplitude):
    """The same with an `amplitude` of one's own for each coefficient of `numpy.fft.rfft2`."""
    amplitude = amplitude.copy()
    amplitude[0, 0] = 0
    return _normal(random, shape, amplitude)


def _normal(random, shape, amplitude):
    field = np.fft.irfft2(np.fft.rfft2(random.standard_normal(shape)) * amplitude, s=shape)
    return field / field.std()

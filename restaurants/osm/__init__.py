"""Restaurants that OpenStreetMap knows, brought in as unverified listings.

`reading` takes a GeoJSON file apart a feature at a time, `features` turns one feature into a listing or says what is
wrong with it, `importing` writes listings in batches and leaves alone what an owner has made their own.
"""

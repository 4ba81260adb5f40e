"""The words of the interface of key energy-using units (重点用能单位能耗在线监测): codes, items, configurations.

From public client programs of several provinces, which agree in structure; the series NECC-NHJC-01 to 08 itself was not
read. Codes that no dictionary has stay as they came.
"""
